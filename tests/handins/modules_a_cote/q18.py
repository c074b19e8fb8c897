from tme6 import *

t = transforms.ToTensor()
train = torch.utils.data.DataLoader(datasets.CIFAR10("~/data", train=True, transform=t, download=True), batch_size=128, shuffle=True, num_workers=4)
test = torch.utils.data.DataLoader(datasets.CIFAR10("~/data", train=False, transform=t, download=True), batch_size=128, num_workers=4)
model, criterion = ConvNet(), nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), 0.1)
plot = LossPlot()
for i in range(30):
    a, la = epoch(train, model, criterion, optimizer)
    b, lb = epoch(test, model, criterion)
    plot.update(la, lb)
