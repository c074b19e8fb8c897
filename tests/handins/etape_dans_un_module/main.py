import config
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms as T


def reseau(bn, dropout):
    couches, avant = [], 3
    for apres in (32, 64, 64):
        couches.append(nn.Conv2d(avant, apres, 5, padding=2))
        if bn:
            couches.append(nn.BatchNorm2d(apres))
        couches += [nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)]
        avant = apres
    couches += [nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU()]
    if dropout:
        couches.append(nn.Dropout(0.5))
    return nn.Sequential(*couches, nn.Linear(1000, 10))


def images(train, norm, aug, batch):
    t = []
    if aug:
        t += [T.RandomCrop(28), T.RandomHorizontalFlip()] if train else [T.CenterCrop(28)]
    t.append(T.ToTensor())
    if norm:
        t.append(T.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201)))
    return DataLoader(datasets.CIFAR10("data", train=train, download=True, transform=T.Compose(t)), batch, shuffle=train)


def apprendre(net, opt, sched, train, test, epoques):
    for e in range(epoques):
        net.train()
        for x, y in train:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()
        if sched:
            sched.step()
        net.eval()
        with torch.no_grad():
            justes = sum((net(x).argmax(1) == y).sum().item() for x, y in test)
        print("test acc", 100 * justes / len(test.dataset))


q = config.ETAPE
net = reseau(q > 5, q >= 5)
opt = torch.optim.SGD(net.parameters(), lr=0.1 if q < 4 else 0.02, momentum=0 if q < 4 else 0.9)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.95) if config.ETAPE >= 4 else None
norm, aug = config.ETAPE >= 2, config.ETAPE >= 3
if config.ETAPE in (5, 6):
    print("dropout")
if config.ETAPE == 6:
    print("batch norm")
apprendre(net, opt, sched, images(True, norm, aug, 32), images(False, norm, aug, 32), config.EPOQUES)
