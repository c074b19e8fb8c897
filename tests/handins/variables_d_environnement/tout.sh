#!/bin/bash
export DATA=$HOME/cifar
export BATCH=128
for e in base norm; do
  ETAPE=$e LR=0.1 EPOCHS=5 python entrainer.py | tee $e.log
done
ETAPE=aug LR=0.1 EPOCHS=8 python entrainer.py | tee aug.log
ETAPE=sgd LR=0.01 EPOCHS=8 python entrainer.py | tee sgd.log
