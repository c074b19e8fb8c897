"""Une époque d'apprentissage ou d'évaluation, reprise de base.py et partagée par les six étapes."""

import time

import torch

PRINT_INTERVAL = 200  # une ligne affichée tous les 200 batchs


class AverageMeter:
    """La dernière valeur d'une grandeur et sa moyenne, pondérée par la taille des batchs."""

    def __init__(self):
        self.val, self.total, self.n = 0.0, 0.0, 0

    def update(self, valeur, n):
        self.val = valeur
        self.total += valeur * n
        self.n += n

    @property
    def avg(self):
        return self.total / max(self.n, 1)


def accuracy(sortie, cible, topk=(1,)):
    """Pour chaque k, le pourcentage d'images dont la classe est parmi les k plus probables."""
    rangs = sortie.topk(max(topk), dim=1).indices
    justes = rangs.eq(cible.view(-1, 1))
    return [100.0 * justes[:, :k].any(dim=1).float().mean().item() for k in topk]


def epoch(data, model, criterion, optimizer=None, cuda=False):
    """Apprend sur `data` si un optimiseur est donné, évalue sinon ; rend (top-1, loss)."""
    apprend = optimizer is not None
    if apprend:
        model.train()
    else:
        model.eval()
    nom = "TRAIN" if apprend else "EVAL"
    perte, top1, top5 = AverageMeter(), AverageMeter(), AverageMeter()
    debut = time.time()

    for i, (images, cibles) in enumerate(data):
        if cuda:
            images, cibles = images.cuda(), cibles.cuda()
        with torch.set_grad_enabled(apprend):
            sortie = model(images)
            loss = criterion(sortie, cibles)
        if apprend:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        prec1, prec5 = accuracy(sortie.detach(), cibles, topk=(1, 5))
        n = cibles.size(0)
        perte.update(loss.item(), n)
        top1.update(prec1, n)
        top5.update(prec5, n)
        if i % PRINT_INTERVAL == 0:
            print(
                f"[{nom} Batch {i:03d}/{len(data):03d}]\t"
                f"Time {time.time() - debut:.3f}s\t"
                f"Loss {perte.val:.4f} ({perte.avg:.4f})\t"
                f"Prec@1 {top1.val:5.1f} ({top1.avg:5.1f})\t"
                f"Prec@5 {top5.val:5.1f} ({top5.avg:5.1f})"
            )

    print(
        f"\n===============> Total time {int(time.time() - debut)}s\t"
        f"Avg loss {perte.avg:.4f}\t"
        f"Avg Prec@1 {top1.avg:5.2f} %\t"
        f"Avg Prec@5 {top5.avg:5.2f} %\n"
    )
    return top1.avg, perte.avg


def choisit_gpu(cuda):
    """Vrai s'il faut, et si l'on peut, calculer sur le GPU."""
    if cuda and not torch.cuda.is_available():
        print("Aucun GPU utilisable : calcul sur le processeur (CPU).")
    return cuda and torch.cuda.is_available()
