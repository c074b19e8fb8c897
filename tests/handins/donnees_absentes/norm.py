import torch
from torch import nn
from torchvision import datasets, transforms
from torch.utils.data import DataLoader

import pickle
import numpy as np


def charger(nom):
    with open("cifar-10-batches-py/" + nom, "rb") as f:
        d = pickle.load(f, encoding="bytes")
    return torch.tensor(d[b"data"]).view(-1, 3, 32, 32).float() / 255, torch.tensor(d[b"labels"])


x, y = charger("data_batch_1")
class Reseau(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                               nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                               nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))
        self.f = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))

    def forward(self, x):
        return self.f(self.c(x).flatten(1))

net = Reseau()
opt = torch.optim.SGD(net.parameters(), 0.1)
for e in range(5):
    for i in range(0, len(x), 128):
        opt.zero_grad()
        nn.functional.cross_entropy(net(x[i:i + 128]), y[i:i + 128]).backward()
        opt.step()
