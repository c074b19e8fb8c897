import torch, torch.nn as nn, torch.nn.functional as F, torchvision, numpy as np
import torchvision.transforms as T
def cnn():
    l, e = [], 3
    for s in (32, 64, 64):
        l += [nn.Conv2d(e, s, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)]; e = s
    return nn.Sequential(*l, nn.Flatten(), nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))
class MonCifar(torch.utils.data.Dataset):
    def __init__(self, train):
        d = torchvision.datasets.CIFAR10("d", train, download=True)
        self.x, self.y, self.train = d.data, d.targets, train
    def __len__(self): return len(self.x)
    def __getitem__(self, i):
        im = self.x[i]
        if self.train:
            a, b = np.random.randint(0, 5, 2)
            im = im[a:a + 28, b:b + 28]
            if np.random.rand() < 0.5: im = im[:, ::-1]
        else: im = im[2:30, 2:30]
        im = np.ascontiguousarray(im).astype(np.float32) / 255
        im = (im - np.array([0.491, 0.482, 0.447], dtype=np.float32)) / np.array([0.202, 0.199, 0.201], dtype=np.float32)
        return torch.from_numpy(im.transpose(2, 0, 1).copy()), self.y[i]
trl = torch.utils.data.DataLoader(MonCifar(True), 128, shuffle=True); tel = torch.utils.data.DataLoader(MonCifar(False), 128)
net = cnn(); opt = torch.optim.SGD(net.parameters(), lr=0.1)
for e in range(12):
    net.train()
    for x, y in trl:
        opt.zero_grad(); F.cross_entropy(net(x), y).backward(); opt.step()
    net.eval()
    with torch.no_grad(): print(e, sum((net(x).argmax(1) == y).sum().item() for x, y in tel) / 10000)
