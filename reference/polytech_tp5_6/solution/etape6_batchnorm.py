"""Étape 6 (partie 3.5) : batch normalization après chaque convolution."""

import torch
from apprentissage import choisit_gpu, epoch
from donnees import get_dataset
from reseau import ReseauCifar
from torch import nn

PATH = "data"


def main(batch_size, lr, epochs, cuda=True):
    """Apprend puis évalue le réseau, époque après époque."""
    cuda = choisit_gpu(cuda)
    model = ReseauCifar(ceil_mode=True, dropout=True, batchnorm=True)
    criterion = nn.CrossEntropyLoss()
    if cuda:
        model, criterion = model.cuda(), criterion.cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    lr_sched = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
    train, test = get_dataset(batch_size, PATH, normalise=True, augmente=True)

    for i in range(1, epochs + 1):
        print(f"=== EPOCH {i} ===\n")
        epoch(train, model, criterion, optimizer, cuda)
        top1, _ = epoch(test, model, criterion, cuda=cuda)
        lr_sched.step()  # une fois par époque
    print(f"Précision finale en test : {top1:.2f} %")


if __name__ == "__main__":
    main(128, 0.01, 50)
