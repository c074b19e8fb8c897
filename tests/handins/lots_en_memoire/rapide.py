# tout CIFAR en mémoire : beaucoup plus rapide que le DataLoader sur nos machines
import time
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

device = "cuda" if torch.cuda.is_available() else "cpu"
MEAN = torch.tensor([0.491, 0.482, 0.447], device=device).view(1, 3, 1, 1)
STD = torch.tensor([0.202, 0.199, 0.201], device=device).view(1, 3, 1, 1)


def en_memoire(train):
    ds = torchvision.datasets.CIFAR10("data", train=train, download=True)
    x = torch.from_numpy(ds.data).permute(0, 3, 1, 2).float().div(255).to(device)
    y = torch.tensor(ds.targets, device=device)
    return x, y


class Lots:
    def __init__(self, x, y, taille, melange=False, normalise=False, augmente=False):
        self.x, self.y, self.taille, self.melange = x, y, taille, melange
        if normalise:
            self.x = (self.x - MEAN) / STD
        self.augmente = augmente

    def __len__(self):
        return (len(self.x) + self.taille - 1) // self.taille

    def __iter__(self):
        n = len(self.x)
        ordre = torch.randperm(n, device=device) if self.melange else torch.arange(n, device=device)
        for d in range(0, n, self.taille):
            i = ordre[d:d + self.taille]
            x = self.x[i]
            if self.augmente and self.melange:
                dx, dy = torch.randint(0, 5, (2,)).tolist()
                x = x[:, :, dy:dy + 28, dx:dx + 28]
                if torch.rand(1).item() < 0.5:
                    x = x.flip(3)
            elif self.augmente:
                x = x[:, :, 2:30, 2:30]
            yield x, self.y[i]


class Net(nn.Module):
    def __init__(self, bn=False, drop=False):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(3, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2), nn.Conv2d(64, 64, 5, padding=2)
        self.bn1 = nn.BatchNorm2d(32) if bn else nn.Identity()
        self.bn2 = nn.BatchNorm2d(64) if bn else nn.Identity()
        self.bn3 = nn.BatchNorm2d(64) if bn else nn.Identity()
        self.fc1, self.fc2 = nn.Linear(1024, 1000), nn.Linear(1000, 10)
        self.drop = nn.Dropout(0.5) if drop else nn.Identity()

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2, ceil_mode=True)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2, ceil_mode=True)
        x = F.max_pool2d(F.relu(self.bn3(self.conv3(x))), 2, ceil_mode=True)
        return self.fc2(self.drop(F.relu(self.fc1(x.flatten(1)))))


X, Y = en_memoire(True)
XT, YT = en_memoire(False)


def exp(nom, epochs, lr, momentum=0., gamma=None, norm=False, aug=False, **net):
    tr = Lots(X, Y, 128, True, norm, aug)
    te = Lots(XT, YT, 500, False, norm, aug)
    m = Net(**net).to(device)
    o = torch.optim.SGD(m.parameters(), lr=lr, momentum=momentum)
    s = torch.optim.lr_scheduler.ExponentialLR(o, gamma) if gamma else None
    for e in range(epochs):
        t = time.time()
        m.train()
        for x, y in tr:
            o.zero_grad()
            loss = F.cross_entropy(m(x), y)
            loss.backward()
            o.step()
        if s: s.step()
        m.eval()
        with torch.no_grad():
            acc = sum((m(x).argmax(1) == y).sum() for x, y in te).item() / len(YT)
        print(f"{nom} epoch {e} loss {loss.item():.3f} acc {acc:.3f} ({time.time() - t:.1f}s)")


exp("base", 5, 0.1)
exp("norm", 5, 0.1, norm=True)
exp("aug", 100, 0.1, norm=True, aug=True)
