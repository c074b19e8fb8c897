from dataclasses import dataclass
from enum import Enum, auto


class Etape(Enum):
    BASE = auto()
    NORMALISATION = auto()
    BATCHNORM = auto()


@dataclass
class Config:
    lr: float = 0.1
    epochs: int = 3


LENT = Config(epochs=6)
