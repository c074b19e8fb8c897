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


if __name__ == "__main__":
    print(ConvNet())
