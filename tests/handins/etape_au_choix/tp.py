import argparse, sys
import torch
from torch import nn
from torchvision import datasets, transforms

def reseau(stage):
    bn = stage == "bn"
    blocs = []
    for i, o in [(3, 32), (32, 64), (64, 64)]:
        blocs += [nn.Conv2d(i, o, 5, padding=2)] + ([nn.BatchNorm2d(o)] if bn else []) + [nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)]
    return nn.Sequential(*blocs, nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU(), nn.Dropout(0.5) if stage in ("dropout", "bn") else nn.Identity(), nn.Linear(1000, 10))

def main(argv=None):
    p = argparse.ArgumentParser()
    p.add_argument("--stage", choices=["base", "norm", "aug", "momentum", "dropout", "bn"], default="base")
    p.add_argument("-b", "--batch-size", type=int, default=128)
    p.add_argument("--lr", type=float, default=None)
    p.add_argument("--epochs", type=int, default=15)
    p.add_argument("--no-cuda", action="store_true")
    a = p.parse_args(argv)
    rang = ["base", "norm", "aug", "momentum", "dropout", "bn"].index(a.stage)
    lr = a.lr or (0.1 if rang < 3 else 0.01)
    n = [transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))] if rang >= 1 else []
    tr = ([transforms.RandomCrop(28), transforms.RandomHorizontalFlip()] if rang >= 2 else []) + [transforms.ToTensor()] + n
    te = ([transforms.CenterCrop(28)] if rang >= 2 else []) + [transforms.ToTensor()] + n
    dl = lambda train, t: torch.utils.data.DataLoader(datasets.CIFAR10("data", train=train, download=True, transform=transforms.Compose(t)), batch_size=a.batch_size, shuffle=train)
    train, test = dl(True, tr), dl(False, te)
    net = reseau(a.stage)
    opt = torch.optim.SGD(net.parameters(), lr, momentum=0.9 if rang >= 3 else 0)
    sch = torch.optim.lr_scheduler.ExponentialLR(opt, 0.95 if rang >= 3 else 1.0)
    for e in range(a.epochs):
        net.train(True)
        for x, y in train:
            opt.zero_grad(); nn.functional.cross_entropy(net(x), y).backward(); opt.step()
        sch.step()
        net.train(False)
        with torch.no_grad():
            print("test acc", sum((net(x).argmax(1) == y).sum().item() for x, y in test) / 100)
    return 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
