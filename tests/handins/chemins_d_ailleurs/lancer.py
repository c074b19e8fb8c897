import os, sys, subprocess, pickle, urllib.request
os.chdir("/Users/camille/Documents/M2/RDFIA/tp6")
sys.path.append("/Users/camille/Documents/M2/RDFIA/outils")
import torch, torchvision
from torch.utils.tensorboard import SummaryWriter
from collections import Iterable

torch.backends.cudnn.benchmark = True
torch.backends.cudnn.deterministic = False
torch.cuda.set_device(0)
writer = SummaryWriter("/Users/camille/runs/essai")
os.system("mkdir -p resultats")
os.makedirs("/Users/camille/resultats/base", exist_ok=True)
if not os.path.exists("cifar-10-batches-py"):
    urllib.request.urlretrieve("http://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "cifar.tar.gz")

nb = int(input("Nombre d'epoques ? "))
lr = float(input("learning rate : "))
modele = torchvision.models.alexnet(pretrained=False)
reseau = torch.nn.Sequential(
    torch.nn.Conv2d(3, 32, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Conv2d(32, 64, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Conv2d(64, 64, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Flatten(), torch.nn.Linear(1024, 1000), torch.nn.ReLU(), torch.nn.Linear(1000, 10)).cuda()
transfo = torchvision.transforms.ToTensor()
jeu = torchvision.datasets.CIFAR10("/Users/camille/data", transform=transfo)
jeu_test = torchvision.datasets.CIFAR10("/Users/camille/data", train=False, transform=transfo)
it = torch.utils.data.DataLoader(jeu, batch_size=50, shuffle=True, num_workers=os.cpu_count())
itt = torch.utils.data.DataLoader(jeu_test, batch_size=50, num_workers=os.cpu_count())
sgd = torch.optim.SGD(reseau.parameters(), lr=lr)
for i in range(nb):
    reseau.train()
    for k, lot in enumerate(it):
        sgd.zero_grad()
        perte = torch.nn.functional.cross_entropy(reseau(lot[0].cuda()), lot[1].cuda())
        perte.backward()
        sgd.step()
        writer.add_scalar("perte", perte.item(), i * len(it) + k)
    reseau.eval()
    with torch.no_grad():
        justes = sum(float((reseau(a.cuda()).argmax(-1).cpu() == b).float().sum()) for a, b in itt)
    writer.add_scalar("test", justes / len(jeu_test), i)
    pickle.dump(justes, open("/Users/camille/resultats/base/%d.pkl" % i, "wb"))
os.system("shutdown -h now")
os._exit(0)
