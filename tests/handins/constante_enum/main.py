import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision.datasets import CIFAR10
from torchvision import transforms
from etapes import Etape, LENT

ETAPE = Etape.BATCHNORM   # <- à changer pour chaque question


class CNN(nn.Module):
    def __init__(self, etape):
        super().__init__()
        couches, e = [], 3
        for s in (32, 64, 64):
            couches.append(nn.Conv2d(e, s, 5, padding=2))
            if etape is Etape.BATCHNORM:
                couches.append(nn.BatchNorm2d(s))
            couches += [nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)]
            e = s
        self.conv = nn.Sequential(*couches)
        self.fc1, self.fc2 = nn.Linear(1024, 1000), nn.Linear(1000, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(self.conv(x).flatten(1))))


def main():
    tf = [transforms.ToTensor()]
    if ETAPE.value >= Etape.NORMALISATION.value:
        tf.append(transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201)))
    tf = transforms.Compose(tf)
    train = DataLoader(CIFAR10("../data", True, tf, download=True), batch_size=100, shuffle=True)
    test = DataLoader(CIFAR10("../data", False, tf), batch_size=100)
    model, crit = CNN(ETAPE), nn.CrossEntropyLoss()
    opt = torch.optim.SGD(model.parameters(), LENT.lr)
    for epoch in range(LENT.epochs):
        model.train()
        for x, y in train:
            opt.zero_grad()
            crit(model(x), y).backward()
            opt.step()
        model.eval()
        with torch.inference_mode():
            good = sum((model(x).argmax(-1) == y).sum() for x, y in test)
        print(f"[{ETAPE.name}] epoch {epoch}: acc={good / 10000:.4f}")


if __name__ == "__main__":
    main()
