import torch.nn as nn
from torchvision import datasets, transforms

from utils import *


class ConvNet(nn.Module):
    def __init__(self):
        super(ConvNet, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True))
        self.classifier = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))

    def forward(self, x):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return self.classifier(x)


def epoch(data, model, criterion, optimizer=None, cuda=False):
    losses, top1 = AverageMeter(), AverageMeter()
    if optimizer:
        model.train()
    else:
        model.eval()
    for i, (x, y) in enumerate(data):
        if cuda:
            x, y = x.cuda(), y.cuda()
        if optimizer:
            out = model(x)
            loss = criterion(out, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        else:
            with torch.no_grad():
                out = model(x)
                loss = criterion(out, y)
        losses.update(loss.item(), x.size(0))
        top1.update(accuracy(out, y)[0].item(), x.size(0))
    print("Avg loss %.4f  Avg Prec@1 %.2f %%" % (losses.avg, top1.avg))
    return top1.avg, losses.avg



def main(batch_size, lr, epochs, cuda):
    model, criterion = ConvNet(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0)
    plot = TrainLossPlot()
    plot2 = AccLossPlot()
    train = torch.utils.data.DataLoader(datasets.CIFAR10("data", train=True, transform=transforms.ToTensor(), download=True), batch_size=batch_size, shuffle=True)
    test = torch.utils.data.DataLoader(datasets.CIFAR10("data", train=False, transform=transforms.ToTensor(), download=True), batch_size=batch_size)
    for i in range(epochs):
        top1, l = epoch(train, model, criterion, optimizer, cuda)
        top1t, lt = epoch(test, model, criterion, cuda=cuda)
        plot.update(l)
        plot2.update(l, lt, top1, top1t)


main(batch_size=64, lr=0.1, epochs=4, cuda=True)
