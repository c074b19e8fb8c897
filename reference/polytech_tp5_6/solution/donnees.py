"""CIFAR-10 tel que chaque étape le voit : tel quel, normalisé, puis augmenté."""

from torch.utils.data import DataLoader
from torchvision import datasets, transforms

# Moyenne et écart type de chaque canal, calculés sur l'ensemble d'apprentissage seulement.
MOYENNE = [0.491, 0.482, 0.447]
ECART_TYPE = [0.202, 0.199, 0.201]


def transformations(normalise, augmente):
    """Les transformations d'apprentissage et de test, dans l'ordre où elles s'appliquent."""
    train, test = [], []
    if augmente:
        train += [transforms.RandomCrop(28), transforms.RandomHorizontalFlip()]
        test += [transforms.CenterCrop(28)]
    train += [transforms.ToTensor()]
    test += [transforms.ToTensor()]
    if normalise:
        train += [transforms.Normalize(MOYENNE, ECART_TYPE)]
        test += [transforms.Normalize(MOYENNE, ECART_TYPE)]
    return transforms.Compose(train), transforms.Compose(test)


def get_dataset(batch_size, path, normalise=False, augmente=False):
    """Les batchs d'apprentissage (mélangés à chaque époque) et de test."""
    transform_train, transform_test = transformations(normalise, augmente)
    train_dataset = datasets.CIFAR10(path, train=True, download=True, transform=transform_train)
    test_dataset = datasets.CIFAR10(path, train=False, download=True, transform=transform_test)
    train_loader = DataLoader(train_dataset, batch_size=batch_size, shuffle=True)
    test_loader = DataLoader(test_dataset, batch_size=batch_size, shuffle=False)
    return train_loader, test_loader
