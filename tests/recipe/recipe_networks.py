"""Small networks such as students write, and recipes around them, for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.model import Loop, Loss, Network, Optimisation, ParameterGroup, Pipeline, Recipe, Run, Schedule
from grader.recipe.capture import capture
from grader.recipe.samples import evaluate, pack_samples


class Sheet(nn.Module):
    """The network of the sheet, with layers as modules."""

    def __init__(self, ceil_mode: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=ceil_mode),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Linear(1024, 1000), nn.ReLU(), nn.Linear(1000, 10))

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images).view(images.size(0), -1))


class SheetOtherwise(nn.Module):
    """The same function: other names, pooling before ReLU, convolutions for fully connected layers."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(3, 32, (5, 5), padding="same")
        self.pad = nn.ZeroPad2d(2)
        self.c2 = nn.Conv2d(32, 64, 5)
        self.c3 = nn.Conv2d(64, 64, 5, 1, 2)
        self.full = nn.Conv2d(64, 1000, 4)
        self.last = nn.Conv2d(1000, 10, 1)
        self.same = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.max_pool2d(self.c1(x), 2))
        x = torch.relu_(F.max_pool2d(self.c2(self.pad(x)), kernel_size=(2, 2), stride=2))
        x = self.same(F.max_pool2d(self.c3(x), 2, ceil_mode=True)).relu()
        x = self.last(F.relu(self.full(x)))
        return torch.flatten(x, start_dim=1)


class Residual(nn.Module):
    """A residual block, a projection and a global mean."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.fc = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.stem(x)), inplace=True)
        x = x + self.body(x)
        x += 1.0
        return self.fc(x.mean([2, 3]))


class Concatenating(nn.Module):
    """Two branches put side by side, sliced and softmaxed."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 4, 1)
        self.two = nn.Conv2d(3, 6, 3, padding=1)
        self.fc = nn.Linear(9, 10)

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([self.one(x), torch.tanh(self.two(x))], dim=1)
        pooled = F.adaptive_avg_pool2d(both, (1, 1))[:, 1:]
        return F.log_softmax(self.fc(pooled.reshape(pooled.shape[0], -1)), dim=1)


class Dropping(nn.Module):
    """A module dropout and a functional one that heeds the flag, and a flag argument with a default."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(3 * 8 * 8, 40)
        self.drop = nn.Dropout(0.3)
        self.fc2 = nn.Linear(40, 10)

    def forward(self, x: Tensor, double: bool = False) -> Tensor:
        x = self.drop(torch.relu(self.fc1(x.flatten(1))))
        if double:
            x = x * 2
        if self.training:
            x = x * 1.5
        return self.fc2(F.dropout(x, 0.2, training=self.training))


class Awake(nn.Module):
    """A functional dropout that forgets the flag."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3 * 8 * 8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.dropout(x.view(-1, 3 * 8 * 8)))


class OwnLayer(nn.Linear):
    """A layer of the program's own, used through its tensors."""

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * 2.0, self.bias)


class Owning(nn.Module):
    """A bare parameter and a subclass of a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.own = OwnLayer(3 * 8 * 8, 10)
        self.scale = nn.Parameter(torch.ones(10))

    def forward(self, x: Tensor) -> Tensor:
        return self.own(x.flatten(1)) * self.scale


class Sharing(nn.Module):
    """One pool and one activation used again and again, with layers in a ModuleList."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(3, 6, 3), nn.Conv2d(6, 12, 3, groups=2)])
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.act = nn.LeakyReLU(0.2)
        self.forward_ = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = self.pool(self.act(conv(x)))
        return self.forward_(x.squeeze())


class Listing(nn.Module):
    """Layers without weights in plain lists, where torch does not see them: they never hear of `eval()`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 6, 3), nn.Linear(54, 10)
        self.norms = [nn.Identity()] * 2
        self.rest = {"act": nn.ReLU(), "pool": nn.MaxPool2d(2), "drop": nn.Dropout(0.3)}

    def forward(self, x: Tensor) -> Tensor:
        x = self.rest["pool"](self.rest["act"](self.norms[0](self.conv(x))))
        return self.fc(self.rest["drop"](self.norms[1](x.flatten(1))))


SMALL: dict[str, Callable[[], nn.Module]] = {
    "residual": Residual,
    "concatenating": Concatenating,
    "dropping": Dropping,
    "awake": Awake,
    "owning": Owning,
    "sharing": Sharing,
    "listing": Listing,
    "sequential": lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ELU(), nn.Flatten(), nn.Linear(144, 10)),
    "normalised": lambda: nn.Sequential(
        nn.GroupNorm(3, 3), nn.Flatten(), nn.Linear(192, 10), nn.Softmax(dim=1)
    ),
    "alone": lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 10)),
}
SHAPE = (3, 8, 8)


def recipe_of(network: Network, *, batch_size: int = 128, learning_rate: float = 0.1) -> Recipe:
    """Return a plain recipe around `network`."""
    names = tuple(path for path, entry in network.parameters.items() if not entry.buffer)
    return Recipe(
        network=network,
        data=Pipeline(dataset="CIFAR10", train=(), evaluation=(), batch_size=batch_size, shuffle=True),
        optimisation=Optimisation(
            loss=Loss(name="cross_entropy"),
            optimizer="SGD",
            groups=(ParameterGroup(parameters=names, options={"lr": learning_rate}),),
            schedule=Schedule(rates=(learning_rate,)),
            epochs=5,
        ),
        loop=Loop(),
    )


def run_of(module: nn.Module, shape: tuple[int, ...] = SHAPE, **settings: int) -> Run:
    """Return a run that trained `module`, with a samples file named after it."""
    return Run(id="e1.1", recipe=recipe_of(capture(module, shape), **settings), samples="e1.1.safetensors")


def take_samples(module: nn.Module, network: Network, batch_sizes: tuple[int, ...] = (3, 7)) -> bytes:
    """Return the samples file of `module`, captured as `network`, at its present values."""
    state = module.state_dict()
    batches = []
    for batch_size in batch_sizes:
        images = torch.rand(
            batch_size, *network.input_shape, generator=torch.Generator().manual_seed(batch_size)
        )
        batches.append((images, evaluate(module, images)))
    return pack_samples({path: state[path] for path in network.parameters}, batches)
