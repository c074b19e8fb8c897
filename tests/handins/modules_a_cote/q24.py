from tme6 import *

MEAN, STD = [0.491, 0.482, 0.447], [0.202, 0.199, 0.201]


def run(lr=0.1, bs=128):
    tr = transforms.Compose([transforms.RandomCrop(28), transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    te = transforms.Compose([transforms.CenterCrop(28), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    train = torch.utils.data.DataLoader(datasets.CIFAR10("~/data", train=True, transform=tr, download=True), batch_size=bs, shuffle=True)
    test = torch.utils.data.DataLoader(datasets.CIFAR10("~/data", train=False, transform=te, download=True), batch_size=bs)
    model, criterion = ConvNet(), nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr)
    for i in range(30):
        epoch(train, model, criterion, optimizer)
        epoch(test, model, criterion)


run()
