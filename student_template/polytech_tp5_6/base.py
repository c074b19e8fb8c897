"""Apprend LeNet-5 sur MNIST : le point de départ du TP 5-6.

Lancer :  python base.py          (ou, depuis Python :  main(batch_size, lr, epochs, cuda=True))
"""

import time

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

PATH = "data"  # les images y sont téléchargées au premier lancement
PRINT_INTERVAL = 200  # une ligne affichée tous les 200 batchs


class LeNet5(nn.Module):
    """LeNet-5 : trois convolutions puis deux couches linéaires, pour des images 1×28×28."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5, stride=1, padding=2),  # 6×28×28
            nn.Tanh(),
            nn.MaxPool2d(kernel_size=2, stride=2),  # 6×14×14
            nn.Conv2d(6, 16, kernel_size=5),  # 16×10×10
            nn.Tanh(),
            nn.MaxPool2d(kernel_size=2, stride=2),  # 16×5×5
            nn.Conv2d(16, 120, kernel_size=5),  # 120×1×1
            nn.Tanh(),
        )
        self.classifier = nn.Sequential(
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, 10),
            # pas de softmax ici : nn.CrossEntropyLoss l'applique elle-même
        )

    def forward(self, x):
        """Un batch d'images N×1×28×28 donne N×10 scores, un par classe."""
        x = self.features(x)
        x = torch.flatten(x, 1)  # une ligne par image
        return self.classifier(x)


class AverageMeter:
    """La dernière valeur d'une grandeur et sa moyenne, pondérée par le nombre d'exemples."""

    def __init__(self):
        self.val, self.sum, self.count = 0.0, 0.0, 0

    def update(self, val, n=1):
        """Ajoute la valeur `val`, moyenne sur `n` exemples."""
        self.val = val
        self.sum += val * n
        self.count += n

    @property
    def avg(self):
        """La moyenne depuis le début de l'époque."""
        return self.sum / max(self.count, 1)


def get_dataset(batch_size, path):
    """Les données d'apprentissage et de test, par batchs de `batch_size` images."""
    train_dataset = datasets.MNIST(
        path, train=True, download=True, transform=transforms.Compose([transforms.ToTensor()])
    )
    test_dataset = datasets.MNIST(
        path, train=False, download=True, transform=transforms.Compose([transforms.ToTensor()])
    )
    train_loader = DataLoader(train_dataset, batch_size=batch_size, shuffle=True)
    test_loader = DataLoader(test_dataset, batch_size=batch_size, shuffle=False)
    return train_loader, test_loader


def accuracy(output, target, topk=(1,)):
    """Pour chaque k, le pourcentage d'images dont la classe est parmi les k plus probables."""
    ranks = output.topk(max(topk), dim=1).indices
    hits = ranks.eq(target.view(-1, 1))
    return [100.0 * hits[:, :k].any(dim=1).float().mean().item() for k in topk]


def epoch(data, model, criterion, optimizer=None, cuda=False):
    """Parcourt `data` une fois : apprentissage si un optimiseur est donné, évaluation sinon.

    Rend les moyennes (top-1, top-5, loss).
    """
    training = optimizer is not None
    model.train(training)
    loss_meter, top1, top5, timer = AverageMeter(), AverageMeter(), AverageMeter(), AverageMeter()
    start = tick = time.time()

    for i, (images, targets) in enumerate(data):
        if cuda:
            images, targets = images.cuda(), targets.cuda()

        with torch.set_grad_enabled(training):
            output = model(images)
            loss = criterion(output, targets)

        if training:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        prec1, prec5 = accuracy(output.detach(), targets, topk=(1, 5))
        n = targets.size(0)
        loss_meter.update(loss.item(), n)
        top1.update(prec1, n)
        top5.update(prec5, n)
        timer.update(time.time() - tick)
        tick = time.time()

        if i % PRINT_INTERVAL == 0:
            name = "TRAIN" if training else "EVAL"
            print(
                f"[{name} Batch {i:03d}/{len(data):03d}]\t"
                f"Time {timer.val:.3f}s ({timer.avg:.3f}s)\t"
                f"Loss {loss_meter.val:.4f} ({loss_meter.avg:.4f})\t"
                f"Prec@1 {top1.val:5.1f} ({top1.avg:5.1f})\t"
                f"Prec@5 {top5.val:5.1f} ({top5.avg:5.1f})"
            )

    print(
        f"\n===============> Total time {int(time.time() - start)}s\t"
        f"Avg loss {loss_meter.avg:.4f}\t"
        f"Avg Prec@1 {top1.avg:5.2f} %\t"
        f"Avg Prec@5 {top5.avg:5.2f} %\n"
    )
    return top1.avg, top5.avg, loss_meter.avg


def main(batch_size=128, lr=0.1, epochs=5, cuda=True):
    """Apprend puis évalue le réseau, époque après époque."""
    if cuda and not torch.cuda.is_available():
        print("Aucun GPU utilisable : calcul sur le processeur (CPU).")
        cuda = False

    model = LeNet5()
    criterion = nn.CrossEntropyLoss()
    if cuda:
        model, criterion = model.cuda(), criterion.cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    train, test = get_dataset(batch_size, PATH)

    for i in range(1, epochs + 1):
        print(f"=== EPOCH {i} ===\n")
        epoch(train, model, criterion, optimizer, cuda)  # apprentissage
        epoch(test, model, criterion, cuda=cuda)  # évaluation


if __name__ == "__main__":
    main(128, 0.1, 5, cuda=True)
