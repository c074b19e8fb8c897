"""Étape 1 (question 15) : le réseau demandé, appris par SGD sur CIFAR-10."""

import torch
from apprentissage import choisit_gpu, epoch
from donnees import get_dataset
from reseau import ReseauCifar
from torch import nn

PATH = "data"


def main(batch_size, lr, epochs, cuda=True):
    """Apprend puis évalue le réseau, époque après époque."""
    cuda = choisit_gpu(cuda)
    model = ReseauCifar()
    criterion = nn.CrossEntropyLoss()
    if cuda:
        model, criterion = model.cuda(), criterion.cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    train, test = get_dataset(batch_size, PATH)

    for i in range(1, epochs + 1):
        print(f"=== EPOCH {i} ===\n")
        epoch(train, model, criterion, optimizer, cuda)
        top1, _ = epoch(test, model, criterion, cuda=cuda)
    print(f"Précision finale en test : {top1:.2f} %")


if __name__ == "__main__":
    main(128, 0.1, 30)
