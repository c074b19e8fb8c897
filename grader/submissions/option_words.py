"""Names that options and constants of programs have, and what they are usually given."""

_NOT_INGREDIENT_WORDS = """
    cuda gpu cpu mps no_cuda use_cuda no_gpu use_gpu verbose quiet debug plot plots show save save_model
    download resume eval evaluate test test_only dry_run tensorboard wandb log logs progress help version
    deterministic profile compile pin_memory no_plot no_save
"""
_NUMBER_WORDS = """
    epochs epoch n_epochs num_epochs nb_epochs batch_size batch bs test_batch_size lr learning_rate momentum
    gamma seed workers num_workers n_workers print_freq print_interval log_interval weight_decay device
    path data data_dir root out output
"""
NOT_INGREDIENTS = frozenset(_NOT_INGREDIENT_WORDS.split())
NUMBERS = frozenset(_NUMBER_WORDS.split())
RATES = {
    "momentum": (0.0, "0.9"),
    "gamma": (1.0, "0.95"),
    "lr_decay": (1.0, "0.95"),
    "decay_rate": (1.0, "0.95"),
}
"""Numbers of the descent: the one that changes nothing, and what is typed for it."""
USUAL_RATE = "0.5"
"""Typed for a dropout whose rate is 0 by default."""
DEFAULTS = (
    (("batch_size", "batch-size", "batch", "bs"), "128"),
    (("lr", "learning_rate", "learning-rate"), "0.1"),
    (("epochs", "n_epochs", "n-epochs", "num_epochs", "nb_epochs", "epoch"), "5"),
    (("path", "data", "root", "data-dir", "data_dir", "datadir", "dataset-path", "out", "output"), "data"),
    (("momentum",), "0.9"),
)
