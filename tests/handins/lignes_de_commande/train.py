"""TP 5-6 - Camille D. & Yanis B.

python train.py                                          # modele de base
python train.py --normalize                              # 3.1
python train.py --normalize --augment                    # 3.2
python train.py --normalize --augment --optim momentum   # 3.3
python train.py --normalize --augment --optim momentum --dropout 0.5
python train.py --normalize --augment --optim momentum --dropout 0.5 --batchnorm
"""
import argparse
import json
import os

import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from torchvision import datasets, transforms as T


def get_args():
    p = argparse.ArgumentParser(description="CNN CIFAR-10")
    p.add_argument("--data-dir", type=str, default="./data")
    p.add_argument("--epochs", type=int, default=40)
    p.add_argument("--batch-size", type=int, default=256)
    p.add_argument("--lr", type=float, default=0.05)
    p.add_argument("--normalize", action="store_true")
    p.add_argument("--augment", action="store_true")
    p.add_argument("--optim", choices=["sgd", "momentum", "adam"], default="sgd")
    p.add_argument("--dropout", type=float, default=0.0)
    p.add_argument("--batchnorm", action="store_true")
    p.add_argument("--seed", type=int, default=42)
    p.add_argument("--out", default="runs/exp")
    return p.parse_args()


def conv_block(cin, cout, bn, ceil=False):
    layers = [nn.Conv2d(cin, cout, kernel_size=5, padding="same", bias=not bn)]
    if bn:
        layers.append(nn.BatchNorm2d(cout))
    layers += [nn.ReLU(inplace=True), nn.MaxPool2d(2, ceil_mode=ceil)]
    return nn.Sequential(*layers)


class CNN(nn.Module):
    def __init__(self, bn=False, dropout=0.0, ceil=False):
        super().__init__()
        self.body = nn.Sequential(conv_block(3, 32, bn), conv_block(32, 64, bn), conv_block(64, 64, bn, ceil))
        head = [nn.Flatten(), nn.Linear(64 * 4 * 4, 1000), nn.ReLU(inplace=True)]
        if dropout > 0:
            head.append(nn.Dropout(p=dropout))
        head.append(nn.Linear(1000, 10))
        self.head = nn.Sequential(*head)

    def forward(self, x):
        return self.head(self.body(x))


def loaders(args):
    mean, std = (0.491, 0.482, 0.447), (0.202, 0.199, 0.201)
    train_t, test_t = [], []
    if args.augment:
        train_t += [T.RandomCrop(28), T.RandomHorizontalFlip(p=0.5)]
        test_t += [T.CenterCrop(28)]
    train_t.append(T.ToTensor())
    test_t.append(T.ToTensor())
    if args.normalize:
        train_t.append(T.Normalize(mean, std))
        test_t.append(T.Normalize(mean, std))
    tr = datasets.CIFAR10(args.data_dir, train=True, download=True, transform=T.Compose(train_t))
    te = datasets.CIFAR10(args.data_dir, train=False, download=True, transform=T.Compose(test_t))
    kw = dict(num_workers=4, pin_memory=True, persistent_workers=True)
    return DataLoader(tr, args.batch_size, shuffle=True, **kw), DataLoader(te, args.batch_size, **kw)


def run_epoch(model, loader, crit, device, opt=None):
    train = opt is not None
    model.train() if train else model.eval()
    tot_loss = tot_ok = n = 0
    with torch.set_grad_enabled(train):
        for x, y in loader:
            x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            out = model(x)
            loss = crit(out, y)
            if train:
                opt.zero_grad(set_to_none=True)
                loss.backward()
                opt.step()
            tot_loss += loss.item() * len(y)
            tot_ok += (out.argmax(dim=1) == y).sum().item()
            n += len(y)
    return tot_loss / n, 100 * tot_ok / n


if __name__ == "__main__":
    args = get_args()
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    os.makedirs(args.out, exist_ok=True)
    writer = SummaryWriter(args.out)
    train_loader, test_loader = loaders(args)
    model = CNN(args.batchnorm, args.dropout, args.augment).to(device)
    crit = nn.CrossEntropyLoss()
    sched = None
    if args.optim == "sgd":
        opt = optim.SGD(model.parameters(), lr=args.lr)
    elif args.optim == "momentum":
        opt = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
        sched = optim.lr_scheduler.ExponentialLR(opt, 0.95)
    else:
        opt = optim.Adam(model.parameters(), lr=1e-3)
    history = []
    best = 0.
    for e in range(1, args.epochs + 1):
        tl, ta = run_epoch(model, train_loader, crit, device, opt)
        vl, va = run_epoch(model, test_loader, crit, device)
        if sched is not None:
            sched.step()
        writer.add_scalars("loss", {"train": tl, "test": vl}, e)
        writer.add_scalars("acc", {"train": ta, "test": va}, e)
        history.append(dict(epoch=e, train_loss=tl, train_acc=ta, test_loss=vl, test_acc=va))
        print(f"[{e:02d}/{args.epochs}] train loss {tl:.4f} acc {ta:.2f}% | test loss {vl:.4f} acc {va:.2f}%")
        if va > best:
            best = va
            torch.save(model.state_dict(), os.path.join(args.out, "best.pt"))
    with open(os.path.join(args.out, "history.json"), "w") as f:
        json.dump(history, f)
    writer.close()
