import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, random_split
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


class Experience:
    lr, momentum, norm, aug = 0.1, 0.0, False, False
    patience, epoques, batch = 5, 60, 32

    def __init__(self):
        entier = images(True, self.norm, self.aug, self.batch).dataset
        apprentissage, validation = random_split(entier, [45000, 5000])
        self.train = DataLoader(apprentissage, self.batch, shuffle=True)
        self.val, self.test = DataLoader(validation, self.batch), images(False, self.norm, self.aug, self.batch)
        self.net = reseau(False, False)
        self.opt = torch.optim.SGD(self.net.parameters(), lr=self.lr, momentum=self.momentum)

    def epoque(self):
        self.net.train()
        for x, y in self.train:
            self.opt.zero_grad()
            F.cross_entropy(self.net(x), y).backward()
            self.opt.step()

    @torch.no_grad()
    def mesurer(self, images):
        self.net.eval()
        perte = justes = n = 0
        for x, y in images:
            sortie = self.net(x)
            perte += F.cross_entropy(sortie, y).item() * len(y)
            justes += (sortie.argmax(1) == y).sum().item()
            n += len(y)
        return perte / n, justes / n

    def apprendre(self):
        meilleure, attente, poids = float("inf"), 0, None
        for e in range(self.epoques):
            self.epoque()
            perte, _ = self.mesurer(self.val)
            if perte < meilleure - 1e-3:
                meilleure, attente, poids = perte, 0, copy.deepcopy(self.net.state_dict())
            else:
                attente += 1
                if attente == self.patience:
                    print("arrêt précoce", e)
                    break
        self.net.load_state_dict(poids)
        print(self.mesurer(self.test))


class Normalisee(Experience):
    norm = True


class Augmentee(Normalisee):
    aug = True
    patience = 8

    def apprendre(self):
        meilleur = attente = e = 0
        while e < self.epoques and attente < self.patience:
            self.epoque()
            _, taux = self.mesurer(self.val)
            attente = 0 if taux > meilleur else attente + 1
            meilleur = max(meilleur, taux)
            e += 1


class Momentum(Augmentee):
    lr, momentum = 0.01, 0.9

    def apprendre(self):
        for e in range(1, self.epoques + 1):
            self.epoque()
            if self.mesurer(self.val)[1] > 0.35 or e > 12:
                break


if __name__ == "__main__":
    for classe in (Experience, Normalisee, Augmentee, Momentum):
        classe().apprendre()
