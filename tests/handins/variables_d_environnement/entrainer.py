import os, torch, torchvision
import torchvision.transforms as TR

ETAPE = os.environ.get('ETAPE', 'sgd')
LR = float(os.environ.get('LR', 0.1))
NB = int(os.getenv('EPOCHS', '2'))
niveau = ['base', 'norm', 'aug', 'sgd'].index(ETAPE)

a, t = [], []
if niveau >= 2:
    a, t = [TR.RandomCrop(28), TR.RandomHorizontalFlip()], [TR.CenterCrop(28)]
for l in (a, t):
    l.append(TR.ToTensor())
    if niveau >= 1: l.append(TR.Normalize([0.491, 0.482, 0.447], [0.202, 0.199, 0.201]))
charge = lambda train, tf: torch.utils.data.DataLoader(
    torchvision.datasets.CIFAR10(os.environ.get('DATA', 'data'), train=train, transform=TR.Compose(tf)),
    batch_size=int(os.getenv('BATCH', '64')), shuffle=train)
apprend, teste = charge(True, a), charge(False, t)
net = torch.nn.Sequential()
for n, (i, o) in enumerate([(3, 32), (32, 64), (64, 64)]):
    net.add_module('c%d' % n, torch.nn.Conv2d(i, o, 5, padding=2))
    net.add_module('r%d' % n, torch.nn.ReLU())
    net.add_module('p%d' % n, torch.nn.MaxPool2d(2, 2, ceil_mode=True))
net.add_module('f', torch.nn.Flatten()); net.add_module('l1', torch.nn.Linear(1024, 1000))
net.add_module('r', torch.nn.ReLU()); net.add_module('l2', torch.nn.Linear(1000, 10))
optim = torch.optim.SGD(net.parameters(), lr=LR, momentum=0.9 if niveau >= 3 else 0)
decay = torch.optim.lr_scheduler.ExponentialLR(optim, gamma=0.95) if niveau >= 3 else None
for epoque in range(NB):
    net.train()
    for images, labels in apprend:
        optim.zero_grad()
        torch.nn.functional.cross_entropy(net(images), labels).backward()
        optim.step()
    if decay: decay.step()
    net.eval(); juste = 0
    with torch.no_grad():
        for images, labels in teste: juste += (net(images).argmax(1) == labels).sum().item()
    print('Epoque', epoque, 'precision', juste / 100)
