"""Le réseau de la partie 2.1, de style AlexNet, et les variantes qu'en demande la partie 3."""

import torch
from torch import nn


def norme(canaux, batchnorm):
    """La batch normalization qui suit une convolution, ou rien."""
    return [nn.BatchNorm2d(canaux)] if batchnorm else []


class ReseauCifar(nn.Module):
    """Trois blocs convolution-ReLU-pooling puis deux couches linéaires : 1 191 170 paramètres.

    `ceil_mode` arrondit vers le haut la sortie de pool3, pour que des images 28×28 y donnent
    encore 4×4 ; `dropout` ajoute la couche de dropout entre fc4 et fc5 ; `batchnorm` une
    batch normalization juste après chaque convolution.
    """

    def __init__(self, ceil_mode=False, dropout=False, batchnorm=False):
        super().__init__()
        self.features = nn.Sequential(
            # conv1 : 32×32×32, puis pool1 : 32×16×16
            nn.Conv2d(3, 32, kernel_size=5, stride=1, padding=2),
            *norme(32, batchnorm),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),
            # conv2 : 64×16×16, puis pool2 : 64×8×8
            nn.Conv2d(32, 64, kernel_size=5, stride=1, padding=2),
            *norme(64, batchnorm),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),
            # conv3 : 64×8×8, puis pool3 : 64×4×4
            nn.Conv2d(64, 64, kernel_size=5, stride=1, padding=2),
            *norme(64, batchnorm),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2, ceil_mode=ceil_mode),
        )
        self.fc4 = nn.Linear(64 * 4 * 4, 1000)
        self.relu4 = nn.ReLU()
        self.dropout = nn.Dropout(0.5) if dropout else None
        self.fc5 = nn.Linear(1000, 10)  # le softmax est dans nn.CrossEntropyLoss

    def forward(self, x):
        x = self.features(x)
        x = torch.flatten(x, 1)
        x = self.relu4(self.fc4(x))
        if self.dropout is not None:
            x = self.dropout(x)
        return self.fc5(x)
