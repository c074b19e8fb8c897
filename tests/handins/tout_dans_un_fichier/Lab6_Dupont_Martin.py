# -*- coding: utf-8 -*-
import torch, torchvision
from torch import nn
from torchvision import transforms as tr

### Partie 1 : LeNet sur MNIST, pour se faire la main
lenet = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
                      nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 10))
mnist = torch.utils.data.DataLoader(torchvision.datasets.MNIST(".", train=True, transform=tr.ToTensor(), download=True), 128, shuffle=True)
o = torch.optim.SGD(lenet.parameters(), 0.1)
for epoch in range(2):
    for a, b in mnist:
        o.zero_grad()
        l = nn.functional.cross_entropy(lenet(a), b)
        l.backward()
        o.step()
    print("MNIST loss", l.item())

### Partie 2
def cifar(train, t):
    return torch.utils.data.DataLoader(torchvision.datasets.CIFAR10(".", train=train, transform=t, download=True), batch_size=32, shuffle=train)

def reseau(bn=False, p=None):
    c = []
    for i, j in ((3, 32), (32, 64), (64, 64)):
        c.append(nn.Conv2d(i, j, 5, padding=2))
        if bn: c.append(nn.BatchNorm2d(j))
        c += [nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)]
    c += [nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU()]
    if p: c.append(nn.Dropout(p))
    return nn.Sequential(*c, nn.Linear(1000, 10))

def apprendre(net, train, test, opt, n, sch=None):
    for e in range(n):
        net.train()
        for a, b in train:
            l = nn.functional.cross_entropy(net(a), b)
            opt.zero_grad(); l.backward(); opt.step()
        if sch: sch.step()
        net.eval()
        with torch.no_grad():
            s = sum((net(a).argmax(1) == b).sum().item() for a, b in test)
        print("epoch", e, "acc test", s / len(test.dataset))

rien = tr.ToTensor()
net1 = reseau()
apprendre(net1, cifar(True, rien), cifar(False, rien), torch.optim.SGD(net1.parameters(), lr=0.05), 6)

norm = tr.Compose([tr.ToTensor(), tr.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])
net2 = reseau()
apprendre(net2, cifar(True, norm), cifar(False, norm), torch.optim.SGD(net2.parameters(), lr=0.05), 6)

aug = tr.Compose([tr.RandomCrop(28), tr.RandomHorizontalFlip(), norm])
centre = tr.Compose([tr.CenterCrop(28), norm])
net3 = reseau()
apprendre(net3, cifar(True, aug), cifar(False, centre), torch.optim.SGD(net3.parameters(), lr=0.05), 6)

net4 = reseau()
o4 = torch.optim.SGD(net4.parameters(), lr=0.01, momentum=0.9)
apprendre(net4, cifar(True, aug), cifar(False, centre), o4, 6, torch.optim.lr_scheduler.ExponentialLR(o4, 0.95))

net5 = reseau(p=0.5)
o5 = torch.optim.SGD(net5.parameters(), lr=0.01, momentum=0.9)
apprendre(net5, cifar(True, aug), cifar(False, centre), o5, 6, torch.optim.lr_scheduler.StepLR(o5, 1, 0.95))

net6 = reseau(True, 0.5)
o6 = torch.optim.SGD(net6.parameters(), lr=0.01, momentum=0.9)
apprendre(net6, cifar(True, aug), cifar(False, centre), o6, 6, torch.optim.lr_scheduler.ExponentialLR(o6, 0.95))
