# -*- coding: utf-8 -*-
import torch
from torch import nn, optim
from torchvision import datasets, transforms as T


def menu():
    print("1 - reseau de base\n2 - + normalisation\n3 - + data augmentation\n0 - quitter")
    return int(input("Votre choix : "))


def charger(augm, norm, bs=128):
    fin = [T.ToTensor()] + ([T.Normalize([0.491, 0.482, 0.447], [0.202, 0.199, 0.201])] if norm else [])
    a = ([T.RandomCrop(28), T.RandomHorizontalFlip()] if augm else []) + fin
    t = ([T.CenterCrop(28)] if augm else []) + fin
    faire = lambda train, tf: torch.utils.data.DataLoader(
        datasets.CIFAR10('./cifar', train=train, download=True, transform=T.Compose(tf)), batch_size=bs, shuffle=train)
    return faire(True, a), faire(False, t)


def reseau():
    l, e = [], 3
    for s in (32, 64, 64):
        l += [nn.Conv2d(e, s, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)]
        e = s
    return nn.Sequential(*l, nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))


def apprendre(tr, te, n):
    net, f = reseau(), nn.CrossEntropyLoss()
    opt = optim.SGD(net.parameters(), lr=0.1)
    for ep in range(n):
        net.train()
        for x, y in tr:
            opt.zero_grad()
            f(net(x), y).backward()
            opt.step()
        net.eval()
        ok = 0
        with torch.no_grad():
            for x, y in te:
                ok += (net(x).argmax(1) == y).sum().item()
        print("epoch %d test %.2f%%" % (ep, 100. * ok / len(te.dataset)))


while True:
    c = menu()
    if c == 0:
        break
    elif c == 1:
        apprendre(*charger(False, False), n=4)
    elif c == 2:
        apprendre(*charger(False, True), n=4)
    elif c == 3:
        apprendre(*charger(True, True), n=6)
    else:
        print("choix inconnu")
