from torch import nn
class ConvNet(nn.Sequential):
    def __init__(self, dropout=0):
        super().__init__(nn.Conv2d(3,32,5,padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32,64,5,padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64,64,5,padding=2), nn.ReLU(), nn.MaxPool2d(2,ceil_mode=True), nn.Flatten(), nn.Linear(1024,1000), nn.ReLU(), nn.Dropout(dropout), nn.Linear(1000,10))
