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
        self.f = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1000, 10))

    def forward(self, x):
        return self.f(self.c(x).flatten(1))

train_set = datasets.CIFAR10("data", train=True, download=True, transform=transforms.Compose([transforms.RandomCrop(28), transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))]))
test_set = datasets.CIFAR10("data", train=False, download=True, transform=transforms.Compose([transforms.CenterCrop(28), transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))]))
train_loader = DataLoader(train_set, batch_size=128, shuffle=True)
test_loader = DataLoader(test_set, batch_size=128)

net = Reseau()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.95)
for epoch in range(10):
    for x, y in train_loader:
        out = net(x)
        loss = criterion(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        train_acc = (out.argmax(1) == y).float().mean()
    scheduler.step()
    for x, y in test_loader:
        out = net(x)
        test_loss = criterion(out, y)
        test_acc = (out.argmax(1) == y).float().mean()
    print("epoch %d train loss %.4f train acc %.4f test loss %.4f test acc %.4f" % (epoch, loss.item(), train_acc, test_loss.item(), test_acc))
