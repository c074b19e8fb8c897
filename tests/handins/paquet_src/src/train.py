import torch
from torch.utils.data import DataLoader
def train_model(model, train, test, opt, n, bs=64):
    for i in range(n):
        model.train()
        for x, y in DataLoader(train, bs, shuffle=True):
            opt.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            opt.step()
        model.eval()
        with torch.inference_mode():
            acc = sum((model(x).argmax(1) == y).sum().item() for x, y in DataLoader(test, bs)) / len(test)
        print(f"epoch {i} accuracy {acc:.4f}")
