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

train_set = datasets.CIFAR10("data", train=True, download=True, transform=transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))]))
test_set = datasets.CIFAR10("data", train=False, download=True, transform=transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))]))
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
test_loader = DataLoader(test_set, batch_size=64)

class Entraineur:
    def __init__(self, net):
        self.net, self.crit = net, nn.CrossEntropyLoss()
        self.opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        self.sched = torch.optim.lr_scheduler.ExponentialLR(self.opt, 0.95)

    def une_epoque(self):
        self.net.train()
        for x, y in train_loader:
            self.opt.zero_grad()
            perte = self.crit(self.net(x), y)
            perte.backward()
            self.opt.step()
            self.sched.step()

    def evaluer(self):
        self.net.eval()
        with torch.no_grad():
            return sum((self.net(x).argmax(1) == y).sum().item() for x, y in test_loader) / len(test_set)


e = Entraineur(Reseau())
for i in range(5):
    e.une_epoque()
    print("precision", e.evaluer())
