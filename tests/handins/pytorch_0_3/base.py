from __future__ import print_function
import argparse
import os
import time

import torch
import torch.nn as nn
import torch.nn.parallel
import torch.backends.cudnn as cudnn
import torchvision.transforms as transforms
import torchvision.datasets as datasets
from torch.autograd import Variable
from visdom import Visdom
from tensorboard_logger import configure, log_value
import seaborn
import matplotlib.pyplot as plt

CUDA = False
seaborn.set_style("whitegrid")
viz = Visdom(port=8097)
configure("runs/tp6", flush_secs=5)


class ConvNet(nn.Module):
    def __init__(self):
        super(ConvNet, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, (5, 5), stride=1, padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2, padding=0),
            nn.Conv2d(32, 64, (5, 5), stride=1, padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2, padding=0),
            nn.Conv2d(64, 64, (5, 5), stride=1, padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2, padding=0, ceil_mode=True),
        )
        self.classifier = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.xavier_uniform(m.weight)

    def forward(self, input):
        output = self.features(input)
        output = output.view(input.size(0), -1)
        return self.classifier(output)


def accuracy(output, target, topk=(1,)):
    maxk = max(topk)
    _, pred = output.topk(maxk, 1, True, True)
    pred = pred.t()
    correct = pred.eq(target.view(1, -1).expand_as(pred))
    res = []
    for k in topk:
        correct_k = correct[:k].view(-1).float().sum(0)
        res.append(correct_k.mul_(100.0 / target.size(0)))
    return res


def epoch(data, model, criterion, optimizer=None, cuda=False):
    if optimizer:
        model.train()
    else:
        model.eval()
    total = 0.
    tic = time.clock()
    for i, (input, target) in enumerate(data):
        if cuda:
            input = input.cuda()
            target = target.cuda(async=True)
        if optimizer:
            input_var, target_var = Variable(input), Variable(target)
        else:
            input_var, target_var = Variable(input, volatile=True), Variable(target, volatile=True)
        output = model(input_var)
        loss = criterion(output, target_var)
        if optimizer:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        prec1, prec5 = accuracy(output.data, target, topk=(1, 5))
        total += loss.data[0]
        valeur = loss.data.cpu().numpy()[0]
        if i % 200 == 0:
            print('[{0}] Loss {1:.4f} Prec@1 {2:5.1f} Prec@5 {3:5.1f} t {4}'.format(i, loss.data[0], prec1[0], prec5[0], time.clock() - tic))
            log_value("loss", valeur, i)
    return total / len(data)


def main(params):
    model = ConvNet()
    model = torch.nn.DataParallel(model)
    criterion = nn.CrossEntropyLoss(size_average=True)
    optimizer = torch.optim.SGD(model.parameters(), params.lr)
    if params.cuda:
        cudnn.benchmark = True
        model = model.cuda()
        criterion = criterion.cuda()
    kw = {'num_workers': 4, 'pin_memory': True}
    train = torch.utils.data.DataLoader(datasets.CIFAR10(params.path, train=True, download=True, transform=transforms.Compose([transforms.Scale(32), transforms.ToTensor()])), batch_size=params.batch_size, shuffle=True, **kw)
    val = torch.utils.data.DataLoader(datasets.CIFAR10(params.path, train=False, download=True, transform=transforms.Compose([transforms.Scale(32), transforms.ToTensor()])), batch_size=params.batch_size, **kw)
    f = open('/home/3700111/TP6/log.txt', 'w')
    plt.ion()
    for i in xrange(params.epochs):
        l = epoch(train, model, criterion, optimizer, params.cuda)
        lv = epoch(val, model, criterion, cuda=params.cuda)
        f.write("%d %f %f\n" % (i, l, lv))
        viz.line(X=[i], Y=[l], win='loss', update='append')
        plt.plot([i], [l], 'ro')
        plt.pause(0.05)
    torch.save(model, '/home/3700111/TP6/model.pth')
    raw_input("done")


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--path', default="/users/Etu1/3700111/datasets/cifar", type=str, metavar='DIR', help='path to dataset')
    parser.add_argument('--epochs', default=15, type=int, metavar='N', help='number of total epochs to run')
    parser.add_argument('--batch-size', default=128, type=int, metavar='N', help='mini-batch size')
    parser.add_argument('--lr', default=0.1, type=float, metavar='LR', help='learning rate')
    parser.add_argument('--cuda', dest='cuda', action='store_true', help='activate GPU acceleration')
    args = parser.parse_args()
    main(args)
    exit()
