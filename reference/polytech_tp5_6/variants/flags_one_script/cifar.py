"""Le réseau de CIFAR-10 et ses améliorations, chacune choisie par une option.

Exemple (étape 4) :
    python cifar.py --normalise --augmente --momentum 0.9 --decroissance 0.95 --lr 0.01 --epochs 50
"""

import argparse

import torch
from apprentissage import choisit_gpu, epoch
from donnees import get_dataset
from reseau import ReseauCifar
from torch import nn

PATH = "data"


def lit_options():
    """Les options de la ligne de commande."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--normalise", action="store_true", help="partie 3.1")
    parser.add_argument("--augmente", action="store_true", help="partie 3.2")
    parser.add_argument("--momentum", type=float, default=0.0, help="partie 3.3")
    parser.add_argument("--decroissance", type=float, default=None, help="partie 3.3")
    parser.add_argument("--dropout", action="store_true", help="partie 3.4")
    parser.add_argument("--batchnorm", action="store_true", help="partie 3.5")
    parser.add_argument("--cpu", action="store_true", help="ne pas utiliser le GPU")
    return parser.parse_args()


def main(options):
    """Apprend puis évalue le réseau demandé, époque après époque."""
    cuda = choisit_gpu(not options.cpu)
    model = ReseauCifar(ceil_mode=options.augmente, dropout=options.dropout, batchnorm=options.batchnorm)
    criterion = nn.CrossEntropyLoss()
    if cuda:
        model, criterion = model.cuda(), criterion.cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=options.momentum)
    lr_sched = None
    if options.decroissance is not None:
        lr_sched = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=options.decroissance)
    train, test = get_dataset(options.batch_size, PATH, options.normalise, options.augmente)

    for i in range(1, options.epochs + 1):
        print(f"=== EPOCH {i} ===\n")
        epoch(train, model, criterion, optimizer, cuda)
        top1, _ = epoch(test, model, criterion, cuda=cuda)
        if lr_sched is not None:
            lr_sched.step()
    print(f"Précision finale en test : {top1:.2f} %")


if __name__ == "__main__":
    main(lit_options())
