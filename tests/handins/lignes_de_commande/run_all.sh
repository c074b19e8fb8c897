#!/bin/bash
python train.py --out runs/base
python train.py --normalize --out runs/norm
python train.py --normalize --augment --out runs/aug
python train.py --normalize --augment --optim momentum --out runs/optim
python train.py --normalize --augment --optim momentum --dropout 0.5 --out runs/dropout
python train.py --normalize --augment --optim momentum --dropout 0.5 --batchnorm --out runs/bn
