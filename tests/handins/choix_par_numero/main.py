import sys
import torch, torch.nn as nn
import torchvision.transforms as transforms
from torchvision.datasets import CIFAR10
from torch.utils.data import DataLoader
q = int(sys.argv[1]) if len(sys.argv) > 1 else 1
train_t, test_t = [], []
if q >= 3:
    train_t += [transforms.RandomCrop(28), transforms.RandomHorizontalFlip()]
    test_t += [transforms.CenterCrop(28)]
train_t.append(transforms.ToTensor()); test_t.append(transforms.ToTensor())
if q >= 2:
    train_t.append(transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))); test_t.append(transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201)))
train_l = DataLoader(CIFAR10("d", transform=transforms.Compose(train_t), download=True), batch_size=128, shuffle=True)
test_l = DataLoader(CIFAR10("d", train=False, transform=transforms.Compose(test_t)), batch_size=128)
class M(nn.Module):
    def __init__(s):
        super().__init__()
        s.c1 = nn.Conv2d(3, 32, 5, padding=2); s.c2 = nn.Conv2d(32, 64, 5, padding=2); s.c3 = nn.Conv2d(64, 64, 5, padding=2)
        s.l1 = nn.Linear(1024, 1000); s.l2 = nn.Linear(1000, 10); s.pool = nn.MaxPool2d(2, ceil_mode=True)
        s.d = nn.Dropout(0.5)
        if q >= 6: s.b1, s.b2, s.b3 = nn.BatchNorm2d(32), nn.BatchNorm2d(64), nn.BatchNorm2d(64)
    def forward(s, x):
        for i in (1, 2, 3):
            x = getattr(s, f"c{i}")(x)
            if q >= 6: x = getattr(s, f"b{i}")(x)
            x = s.pool(torch.relu(x))
        x = torch.relu(s.l1(x.view(len(x), -1)))
        return s.l2(s.d(x) if q >= 5 else x)
m = M()
if q >= 4:
    o = torch.optim.SGD(m.parameters(), lr=0.01, momentum=0.9); sch = torch.optim.lr_scheduler.ExponentialLR(o, 0.95)
else:
    o = torch.optim.SGD(m.parameters(), lr=0.1); sch = None
for e in range(3):
    m.train()
    for x, y in train_l:
        o.zero_grad(); nn.CrossEntropyLoss()(m(x), y).backward(); o.step()
    if sch: sch.step()
    m.eval(); c = 0
    for x, y in test_l:
        with torch.no_grad(): c += (m(x).max(1).indices == y).sum().item()
    print(f"Test acc {c/100:.2f}%")
