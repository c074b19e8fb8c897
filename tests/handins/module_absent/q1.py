from mon_reseau import *

model = ConvNet(1)
train, test = charger(1)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for epoch in range(5):
    for x, y in train:
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(model(x), y).backward()
        optimizer.step()
