import argparse
import os
import time

import torch
import torch.nn as nn
import torchvision.transforms as transforms
import torchvision.datasets as datasets

PRINT_INTERVAL = 50
PATH = "datasets"


class CNN(nn.Module):

    def __init__(self):
        super(CNN, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, (5, 5), stride=1, padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2),
            nn.Conv2d(32, 64, (5, 5), stride=1, padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2),
            nn.Conv2d(64, 64, (5, 5), stride=1, padding=2),
            nn.ReLU(),
            nn.MaxPool2d((2, 2), stride=2, padding=0, ceil_mode=True),
        )
        self.classifier = nn.Sequential(
            nn.Linear(1024, 1000),
            nn.ReLU(),
            nn.Linear(1000, 10)
        )

    def forward(self, input):
        bsize = input.size(0)
        output = self.features(input)
        output = output.view(bsize, -1)
        output = self.classifier(output)
        return output


def get_dataset(batch_size, path):
    train_dataset = datasets.CIFAR10(path, train=True, download=True,
        transform=transforms.Compose([
            transforms.RandomCrop(28),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))
        ]))
    val_dataset = datasets.CIFAR10(path, train=False, download=True,
        transform=transforms.Compose([
            transforms.CenterCrop(28),
            transforms.ToTensor(),
            transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))
        ]))
    train_loader = torch.utils.data.DataLoader(train_dataset, batch_size=batch_size, shuffle=True, num_workers=2)
    val_loader = torch.utils.data.DataLoader(val_dataset, batch_size=batch_size, shuffle=False, num_workers=2)
    return train_loader, val_loader


def epoch(data, model, criterion, optimizer=None):
    # une passe : apprentissage si on donne un optimizer, sinon evaluation
    model.eval() if optimizer is None else model.train()
    total, juste, pertes = 0, 0, 0.0
    tic = time.time()
    for i, (images, labels) in enumerate(data):
        if optimizer is None:
            with torch.no_grad():
                output = model(images)
                loss = criterion(output, labels)
        else:
            output = model(images)
            loss = criterion(output, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        juste += (output.argmax(1) == labels).sum().item()
        total += labels.size(0)
        pertes += loss.item() * labels.size(0)
        if i % PRINT_INTERVAL == 0:
            print("[{} Batch {:03d}/{:03d}] Loss {:.4f} Prec@1 {:5.1f}".format(
                "EVAL" if optimizer is None else "TRAIN", i, len(data), loss.item(), 100. * juste / total))
    print("===> Total time {}s\tAvg loss {:.4f}\tAvg Prec@1 {:5.2f} %".format(
        int(time.time() - tic), pertes / total, 100. * juste / total))
    return 100. * juste / total, pertes / total


def main(params):
    model = CNN()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), params["lr"], momentum=0.9)
    lr_sched = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
    if params["cuda"]:
        model = model.cuda()
    train, test = get_dataset(params["batch_size"], params.get("path", "data"))
    for i in range(params["epochs"]):
        print("=================\n=== EPOCH " + str(i + 1) + " =====\n=================\n")
        top1, loss = epoch(train, model, criterion, optimizer)
        top1_test, loss_test = epoch(test, model, criterion)
        lr_sched.step()

