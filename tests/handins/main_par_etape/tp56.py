"""TP 5-6, toutes les questions dans un seul fichier."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
import torchvision.transforms as T
import matplotlib.pyplot as plt

MOY, ECT = (0.491, 0.482, 0.447), (0.202, 0.199, 0.201)


class Net(nn.Module):
    def __init__(self, drop=0.0, bn=False):
        super(Net, self).__init__()
        self.c1, self.c2, self.c3 = nn.Conv2d(3, 32, 5, 1, 2), nn.Conv2d(32, 64, 5, 1, 2), nn.Conv2d(64, 64, 5, 1, 2)
        self.f4, self.f5 = nn.Linear(1024, 1000), nn.Linear(1000, 10)
        self.drop = nn.Dropout(drop) if drop > 0 else None
        self.bns = nn.ModuleList([nn.BatchNorm2d(32), nn.BatchNorm2d(64), nn.BatchNorm2d(64)]) if bn else None

    def forward(self, x):
        for i, c in enumerate((self.c1, self.c2, self.c3)):
            x = c(x)
            if self.bns is not None:
                x = self.bns[i](x)
            x = F.max_pool2d(F.relu(x), 2, ceil_mode=True)
        x = F.relu(self.f4(torch.flatten(x, 1)))
        if self.drop is not None:
            x = self.drop(x)
        return self.f5(x)


def donnees(tr, te, bs):
    a = torchvision.datasets.CIFAR10("./data", True, tr, download=True)
    b = torchvision.datasets.CIFAR10("./data", False, te, download=True)
    return (torch.utils.data.DataLoader(a, bs, shuffle=True), torch.utils.data.DataLoader(b, bs, shuffle=False))


def boucle(net, tr, te, opt, epochs, sched=None):
    crit = nn.CrossEntropyLoss()
    courbe = []
    for _ in range(epochs):
        net.train()
        for x, y in tr:
            opt.zero_grad()
            crit(net(x), y).backward()
            opt.step()
        if sched is not None:
            sched.step()
        net.eval()
        ok = n = 0
        with torch.no_grad():
            for x, y in te:
                ok += (net(x).max(1)[1] == y).sum().item()
                n += len(y)
        courbe.append(ok / n)
    plt.plot(courbe)
    plt.savefig("courbe.png")
    return courbe


def main_base(batch_size=128, lr=0.1, epochs=5, cuda=False):
    net = Net()
    tr, te = donnees(T.ToTensor(), T.ToTensor(), batch_size)
    return boucle(net, tr, te, optim.SGD(net.parameters(), lr), epochs)


def main_norm(batch_size=128, lr=0.1, epochs=5, cuda=False):
    net = Net()
    tf = T.Compose([T.ToTensor(), T.Normalize(MOY, ECT)])
    tr, te = donnees(tf, tf, batch_size)
    return boucle(net, tr, te, optim.SGD(net.parameters(), lr), epochs)


def augmentes(batch_size):
    return donnees(T.Compose([T.RandomCrop(28), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MOY, ECT)]),
                   T.Compose([T.CenterCrop(28), T.ToTensor(), T.Normalize(MOY, ECT)]), batch_size)


def main_augment(batch_size=128, lr=0.1, epochs=5, cuda=False):
    net = Net()
    tr, te = augmentes(batch_size)
    return boucle(net, tr, te, optim.SGD(net.parameters(), lr), epochs)


def main_momentum(batch_size=128, lr=0.01, epochs=5, cuda=False):
    net = Net()
    tr, te = augmentes(batch_size)
    opt = optim.SGD(net.parameters(), lr, momentum=0.9)
    return boucle(net, tr, te, opt, epochs, optim.lr_scheduler.ExponentialLR(opt, 0.95))


def main_dropout(batch_size=128, lr=0.01, epochs=5, cuda=False):
    net = Net(drop=0.5)
    tr, te = augmentes(batch_size)
    opt = optim.SGD(net.parameters(), lr, momentum=0.9)
    return boucle(net, tr, te, opt, epochs, optim.lr_scheduler.ExponentialLR(opt, 0.95))


def main_batchnorm(batch_size, lr, epochs, cuda):
    net = Net(drop=0.5, bn=True)
    tr, te = augmentes(batch_size)
    opt = optim.SGD(net.parameters(), lr, momentum=0.9)
    return boucle(net, tr, te, opt, epochs, optim.lr_scheduler.ExponentialLR(opt, 0.95))


if __name__ == "__main__":
    # main_base()
    # main_norm()
    main_batchnorm(64, 0.02, 10, False)
