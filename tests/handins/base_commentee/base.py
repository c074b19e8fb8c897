import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

# Hugo & Lina - TP6
# on a garde les anciennes versions en commentaire

# class Reseau(nn.Module):
#     def __init__(self):
#         super().__init__()
#         self.conv1 = nn.Conv2d(3, 32, 5, padding=2)
#         self.conv2 = nn.Conv2d(32, 64, 5, padding=2)
#         self.conv3 = nn.Conv2d(64, 64, 5, padding=2)
#         self.pool = nn.MaxPool2d(2, 2, ceil_mode=True)
#         self.fc4 = nn.Linear(1024, 1000)
#         self.fc5 = nn.Linear(1000, 10)
#
#     def forward(self, x):
#         x = self.pool(F.relu(self.conv1(x)))
#         x = self.pool(F.relu(self.conv2(x)))
#         x = self.pool(F.relu(self.conv3(x)))
#         x = x.view(x.size(0), -1)
#         return self.fc5(F.relu(self.fc4(x)))


class Reseau(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5, padding=2)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 5, padding=2)
        self.bn2 = nn.BatchNorm2d(64)
        self.conv3 = nn.Conv2d(64, 64, 5, padding=2)
        self.bn3 = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.fc4 = nn.Linear(1024, 1000)
        self.drop = nn.Dropout(0.5)
        self.fc5 = nn.Linear(1000, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.pool(F.relu(self.bn2(self.conv2(x))))
        x = self.pool(F.relu(self.bn3(self.conv3(x))))
        x = x.view(x.size(0), -1)
        return self.fc5(self.drop(F.relu(self.fc4(x))))


# sans rien
# tf_train = transforms.ToTensor()
# tf_test = transforms.ToTensor()

# normalisation seule
# tf_train = transforms.Compose([transforms.ToTensor(),
#                                transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])
# tf_test = transforms.Compose([transforms.ToTensor(),
#                               transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])

# normalisation + augmentation
tf_train = transforms.Compose([transforms.RandomCrop(28), transforms.RandomHorizontalFlip(),
                               transforms.ToTensor(),
                               transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])
tf_test = transforms.Compose([transforms.CenterCrop(28), transforms.ToTensor(),
                              transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])

train = DataLoader(datasets.CIFAR10("data", train=True, transform=tf_train, download=True), 64, shuffle=True)
test = DataLoader(datasets.CIFAR10("data", train=False, transform=tf_test, download=True), 64)

net = Reseau()
crit = nn.CrossEntropyLoss()
# opt = torch.optim.SGD(net.parameters(), lr=0.05)
# sched = None
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.95)

for e in range(12):
    net.train()
    for x, y in train:
        opt.zero_grad()
        perte = crit(net(x), y)
        perte.backward()
        opt.step()
    if sched is not None:
        sched.step()
    net.eval()
    bons = 0
    with torch.no_grad():
        for x, y in test:
            bons += (net(x).argmax(1) == y).sum().item()
    print("epoque", e, "test acc", bons / 10000)
