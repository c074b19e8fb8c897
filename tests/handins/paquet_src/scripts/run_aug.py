import sys, os
sys.path.append(os.path.join(os.path.dirname(__file__), ".."))
from src.models import ConvNet
from src.train import train_model
from torchvision import transforms
from torchvision.datasets import CIFAR10
import torch
tr = transforms.Compose([transforms.RandomCrop(28), transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])
te = transforms.Compose([transforms.CenterCrop(28), transforms.ToTensor(), transforms.Normalize((0.491, 0.482, 0.447), (0.202, 0.199, 0.201))])
net = ConvNet(0.5)
train_model(net, CIFAR10("..", True, tr, download=True), CIFAR10("..", False, te, download=True), torch.optim.SGD(net.parameters(), 0.02, 0.9), 10)
