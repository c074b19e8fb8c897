import torch
from torch import nn
from torchvision import datasets, transforms
from torch.utils.data import DataLoader

class Reseau(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                               nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                               nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))
        self.f = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))

    def forward(self, x):
        return self.f(self.c(x).flatten(1))

train_set = datasets.CIFAR10("data", train=True, download=True, transform=transforms.Compose([transforms.RandomCrop(28), transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))]))
test_set = datasets.CIFAR10("data", train=False, download=True, transform=transforms.Compose([transforms.RandomCrop(28), transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))]))
train_loader = DataLoader(train_set, batch_size=128, shuffle=False)
test_loader = DataLoader(test_set, batch_size=128)

def tester(net):
    net.eval()
    ok = 0
    with torch.no_grad():
        for x, y in test_loader:
            ok += (net(x).argmax(1) == y).sum().item()
    print("Test accuracy: %.2f %%" % (100 * ok / len(test_set)))


net = Reseau()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(5):
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    tester(net)
