import torch; import torch.nn as nn; from torchvision import datasets, transforms
BATCH, LR = 64, 0.05
class CNN(nn.Module):
    def __init__(self, p=None, bn=False):
        nn.Module.__init__(self)
        self.body = nn.Sequential()
        for k, (i, o) in enumerate([(3, 32), (32, 64), (64, 64)]):
            self.body.add_module("conv%d" % k, nn.Conv2d(i, o, 5, padding=2))
            if bn: self.body.add_module("bn%d" % k, nn.BatchNorm2d(o))
            self.body.add_module("relu%d" % k, nn.ReLU())
            self.body.add_module("pool%d" % k, nn.MaxPool2d(2, ceil_mode=True))
        self.fc = nn.Linear(1024, 1000); self.drop = nn.Dropout(p) if p else (lambda x: x); self.out = nn.Linear(1000, 10)
    def forward(self, x): return self.out(self.drop(torch.relu(self.fc(self.body(x).view(x.size(0), -1)))))
def go(net, tr, te, momentum=0., decay=1.):
    train = torch.utils.data.DataLoader(datasets.CIFAR10("./", train=True, transform=tr, download=True), batch_size=BATCH, shuffle=True)
    test = torch.utils.data.DataLoader(datasets.CIFAR10("./", train=False, transform=te, download=True), batch_size=BATCH)
    opt = torch.optim.SGD(net.parameters(), lr=LR, momentum=momentum)
    sch = torch.optim.lr_scheduler.LambdaLR(opt, lambda e: decay ** e)
    for e in range(9):
        net.train(); tot = 0
        for x, y in train:
            opt.zero_grad(); l = nn.functional.nll_loss(nn.functional.log_softmax(net(x), 1), y); l.backward(); opt.step(); tot += float(l)
        sch.step(); net.eval()
        with torch.no_grad(): acc = sum(int((net(x).argmax(1) == y).sum()) for x, y in test) / 100
        print("loss", tot / len(train), "acc", acc)
NORM = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])
AUG = transforms.Compose([transforms.RandomCrop(28), transforms.RandomHorizontalFlip(), NORM]); CEN = transforms.Compose([transforms.CenterCrop(28), NORM])
def question_19(): go(CNN(), NORM, NORM)
def question_24(): go(CNN(), AUG, CEN)
def question_27(): go(CNN(), AUG, CEN, 0.9, 0.95)
def question_30(): go(CNN(0.5), AUG, CEN, 0.9, 0.95)
def question_33(): go(CNN(0.5, True), AUG, CEN, 0.9, 0.95)
if __name__ == "__main__":
    for q in [question_19, question_24, question_27, question_30, question_33]:
        print(q.__name__); q()
