import torch
from torch import nn
from torchvision import datasets, transforms
from torch.utils.data import DataLoader

"""
# version 1 : le reseau de base
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                               nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                               nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))
        self.f = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))

    def forward(self, x):
        return self.f(self.c(x).flatten(1))
"""


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                               nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                               nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))
        self.f = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1000, 10))

    def forward(self, x):
        return self.f(self.c(x).flatten(1))


def donnees(batch_size):
    train = datasets.CIFAR10("data", train=True, download=True, transform=transforms.Compose([
        # transforms.RandomCrop(28),
        # transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))
    ]))
    test = datasets.CIFAR10("data", train=False, download=True, transform=transforms.Compose([
        # transforms.CenterCrop(28),
        transforms.ToTensor(),
        transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))
    ]))
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, batch_size)


net = CNN()
train, test = donnees(128)
opt = torch.optim.SGD(net.parameters(), 0.1)
for i in range(5):
    net.train()
    for x, y in train:
        opt.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print("acc", sum((net(x).argmax(1) == y).sum().item() for x, y in test) / 10000)
