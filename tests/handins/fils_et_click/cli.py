import threading
import click
import torch
import torch.nn as nn
import torchvision
import torchvision.transforms as transforms


def net():
    l, e = [], 3
    for s in (32, 64, 64):
        l += [nn.Conv2d(e, s, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)]
        e = s
    return nn.Sequential(*l, nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))


def apprendre(nom, lr, epochs, normalize):
    tf = transforms.Compose([transforms.ToTensor()] + [transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))] * normalize)
    tr = torch.utils.data.DataLoader(torchvision.datasets.CIFAR10("d", True, tf, download=True), 128, shuffle=True)
    te = torch.utils.data.DataLoader(torchvision.datasets.CIFAR10("d", False, tf), 128)
    m = net()
    opt = torch.optim.SGD(m.parameters(), lr=lr)
    for epoch in range(epochs):
        m.train()
        for x, y in tr:
            opt.zero_grad()
            nn.functional.cross_entropy(m(x), y).backward()
            opt.step()
        m.eval()
        with torch.no_grad():
            click.echo(f"{nom} {epoch} {torch.cat([(m(x).argmax(1) == y).float() for x, y in te]).mean():.4f}")


@click.group()
def cli():
    """TP 5-6."""


@cli.command("deux")
@click.option("--lr", type=float, default=0.1, show_default=True)
@click.option("--epochs", "-e", default=3)
def les_deux(lr, epochs):
    fils = [threading.Thread(target=apprendre, args=("base", lr, epochs, 0)),
            threading.Thread(target=apprendre, args=("norm", lr, epochs, 1))]
    for f in fils: f.start()
    for f in fils: f.join()


if __name__ == "__main__":
    cli()
