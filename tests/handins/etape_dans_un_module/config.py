ETAPE = 6  # 1 : base, 2 : normalisation, 3 : augmentation, 4 : sgd, 5 : dropout, 6 : batch norm
EPOQUES = 12
