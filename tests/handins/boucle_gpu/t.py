import torch, torch.nn as nn, torch.nn.functional as F, torchvision, numpy as np
import torchvision.transforms as T
def cnn():
    l, e = [], 3
    for s in (32, 64, 64):
        l += [nn.Conv2d(e, s, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)]; e = s
    return nn.Sequential(*l, nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
trl = torch.utils.data.DataLoader(torchvision.datasets.CIFAR10("d", True, T.ToTensor(), download=True), 128, shuffle=True)
tel = torch.utils.data.DataLoader(torchvision.datasets.CIFAR10("d", False, T.ToTensor()), 128)
m = torch.tensor([0.491, 0.482, 0.447], device=dev)[None, :, None, None]; s = torch.tensor([0.202, 0.199, 0.201], device=dev)[None, :, None, None]
net = cnn(); opt = torch.optim.SGD(net.parameters(), lr=0.1)
for e in range(12):
    net.train()
    for x, y in trl:
        x = (x.to(dev) - m) / s
        opt.zero_grad(); F.cross_entropy(net(x), y).backward(); opt.step()
    net.eval()
    with torch.no_grad(): print(e, sum((net((x - m) / s).argmax(1) == y).sum().item() for x, y in tel) / 10000)
