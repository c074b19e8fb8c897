# -*- coding: latin-1 -*-
import torch, cPickle, collections
import torch.nn as nn
import numpy as np
from torchvision import datasets, transforms

class Reseau(nn.Module):
    def __init__(self):
	super(Reseau, self).__init__()
	self.conv = nn.Sequential(nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
	    nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
	    nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))
	self.fc = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))
    def forward(self, x):
        x = self.conv(x)
	x = x.view(x.size(0), -1)
        return self.fc(x)

# données normalisées
tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])
train = torch.utils.data.DataLoader(datasets.CIFAR10('cifar', True, tf, download=True), batch_size=100, shuffle=True)
test = torch.utils.data.DataLoader(datasets.CIFAR10('cifar', False, tf, download=True), batch_size=100)
net = Reseau()
crit = nn.CrossEntropyLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for e in xrange(25):
	net.train()
	pertes = []
	for x, y in train:
	    opt.zero_grad()
	    l = crit(net(x), y)
	    l.backward()
	    opt.step()
	    pertes.append(l.data[0])
	net.eval()
	bons = 0
        with torch.no_grad():
            for x, y in test:
                bons += (net(x).max(1)[1] == y).sum().item()
	print "epoque", e, "perte", np.mean(pertes).astype(np.float)
	print "precision test : %.2f" % (100. * bons / len(test.dataset))
cPickle.dump(pertes, open('/tmp/inconnu/pertes.pkl', 'wb'))
