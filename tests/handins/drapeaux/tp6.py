import argparse

import torch
from torch import nn, optim
from torchvision import datasets, transforms
from tqdm import tqdm

parser = argparse.ArgumentParser(description="TP6 CIFAR-10")
parser.add_argument("--path", default="/tmp/datasets/cifar", type=str, metavar="DIR", help="chemin des donnees")
parser.add_argument("--epochs", default=5, type=int, metavar="N")
parser.add_argument("--batch-size", default=128, type=int, metavar="N")
parser.add_argument("--lr", default=0.1, type=float, metavar="LR")
parser.add_argument("--cuda", dest="cuda", action="store_true")
parser.add_argument("--normalise", action="store_true")
parser.add_argument("--augmente", action="store_true")
parser.add_argument("--momentum", action="store_true", help="SGD avec momentum + lr qui decroit")
parser.add_argument("--dropout", action="store_true")
parser.add_argument("--bn", action="store_true")
args = parser.parse_args()


def bloc(entree, sortie):
    couches = [nn.Conv2d(entree, sortie, kernel_size=5, padding=2)]
    if args.bn:
        couches.append(nn.BatchNorm2d(sortie))
    return couches + [nn.ReLU(inplace=True), nn.MaxPool2d(2, ceil_mode=True)]


def construire():
    tete = [nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU()]
    if args.dropout:
        tete.append(nn.Dropout())
    return nn.Sequential(*bloc(3, 32), *bloc(32, 64), *bloc(64, 64), *tete, nn.Linear(1000, 10))


def images(train):
    etapes = []
    if args.augmente:
        etapes += [transforms.RandomCrop(28), transforms.RandomHorizontalFlip()] if train else [transforms.CenterCrop(28)]
    etapes.append(transforms.ToTensor())
    if args.normalise:
        etapes.append(transforms.Normalize([0.491, 0.482, 0.447], [0.202, 0.199, 0.201]))
    donnees = datasets.CIFAR10(args.path, train=train, download=True, transform=transforms.Compose(etapes))
    return torch.utils.data.DataLoader(donnees, batch_size=args.batch_size, shuffle=train)


def main():
    modele = construire()
    if args.cuda:
        modele.cuda()
    critere = nn.CrossEntropyLoss()
    if args.momentum:
        optimiseur = optim.SGD(modele.parameters(), lr=args.lr, momentum=0.9)
        planning = optim.lr_scheduler.ExponentialLR(optimiseur, gamma=0.95)
    else:
        optimiseur = optim.SGD(modele.parameters(), lr=args.lr)
        planning = None
    entrainement, test = images(True), images(False)
    for epoque in range(args.epochs):
        modele.train()
        for x, y in tqdm(entrainement):
            sortie = modele(x)
            perte = critere(sortie, y)
            optimiseur.zero_grad()
            perte.backward()
            optimiseur.step()
        if planning:
            planning.step()
        modele.eval()
        justes = 0
        with torch.no_grad():
            for x, y in tqdm(test):
                justes += modele(x).argmax(dim=1).eq(y).sum().item()
        print(f"epoque {epoque} : test accuracy {100 * justes / len(test.dataset):.2f} %")


if __name__ == "__main__":
    main()
