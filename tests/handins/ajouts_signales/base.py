import torch
import torch.nn as nn
import torchvision.transforms as transforms
import torchvision.datasets as datasets


class ConvNet(nn.Module):
    def __init__(self):
        super(ConvNet, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, (5, 5), padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2, ceil_mode=True),
            nn.Conv2d(32, 64, (5, 5), padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2, ceil_mode=True),
            nn.Conv2d(64, 64, (5, 5), padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2, ceil_mode=True),
        )
        self.classifier = nn.Sequential(
            nn.Linear(1024, 1000),
            nn.ReLU(),
            nn.Dropout(0.5),  # 3.4 ajout dropout
            nn.Linear(1000, 10),
        )

    def forward(self, input):
        return self.classifier(self.features(input).view(input.size(0), -1))


norm = transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))  # 3.1
train = datasets.CIFAR10("datasets", train=True, download=True, transform=transforms.Compose([
    transforms.RandomCrop(28), transforms.RandomHorizontalFlip(),  # ajouté pour la 3.2
    transforms.ToTensor(),
    norm]))
val = datasets.CIFAR10("datasets", train=False, download=True, transform=transforms.Compose([
    transforms.CenterCrop(28),  # ajouté pour la 3.2
    transforms.ToTensor(),
    norm]))
train = torch.utils.data.DataLoader(train, batch_size=128, shuffle=True)
val = torch.utils.data.DataLoader(val, batch_size=128)
model, criterion = ConvNet(), nn.CrossEntropyLoss()
# optimizer = torch.optim.SGD(model.parameters(), 0.1)
optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
lr_sched = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
for i in range(7):
    model.train()
    for input, target in train:
        loss = criterion(model(input), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    lr_sched.step()
    model.eval()
    with torch.no_grad():
        print("=== EPOCH", i, sum((model(x).argmax(1) == y).sum().item() for x, y in val) / 10000)
