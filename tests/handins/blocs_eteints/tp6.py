import torch, torchvision
import torch.nn as nn
import torch.nn.functional as F
import torchvision.transforms as transforms


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(3, 32, 5, 1, 2), nn.Conv2d(32, 64, 5, 1, 2), nn.Conv2d(64, 64, 5, 1, 2)
        self.pool = nn.MaxPool2d(2, 2, 0, ceil_mode=True)
        self.fc4, self.fc5 = nn.Linear(64*4*4, 1000), nn.Linear(1000, 10)
    def forward(self, x):
        for c in (self.conv1, self.conv2, self.conv3):
            x = self.pool(F.relu(c(x)))
        return self.fc5(F.relu(self.fc4(x.view(-1, 1024))))


def data(t1, t2, B):
    a = torchvision.datasets.CIFAR10('/users/nfs/data', train=True, transform=t1)
    b = torchvision.datasets.CIFAR10('/users/nfs/data', train=False, transform=t2)
    return torch.utils.data.DataLoader(a, B, True), torch.utils.data.DataLoader(b, B, False)


def go(L, lr, N, mom=0.):
    model = Net()
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=mom)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.97) if mom else None
    for e in range(N):
        model.train()
        for x, y in L[0]:
            loss = nn.functional.cross_entropy(model(x), y)
            opt.zero_grad(); loss.backward(); opt.step()
        if sched is not None: sched.step()
        model.eval()
        with torch.no_grad():
            print(e, sum((model(x).max(1)[1] == y).float().sum().item() for x, y in L[1]) / len(L[1].dataset))


brut = transforms.ToTensor()
nrm = transforms.Compose([brut, transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])
aug = transforms.Compose([transforms.RandomCrop(28), transforms.RandomHorizontalFlip(), nrm])
ctr = transforms.Compose([transforms.CenterCrop(28), nrm])

# Q15
if 0:
    go(data(brut, brut, 128), 0.1, 4)
# 3.1
if False:
    go(data(nrm, nrm, 128), 0.1, 4)
# 3.2
if 0:
    go(data(aug, ctr, 128), 0.1, 6)
# 3.3
if 1:
    go(data(aug, ctr, 128), 0.01, 6, 0.95)
