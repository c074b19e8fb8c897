"""Trains recipes again with our own engine, and judges what came of it.

Told in order: `choose` names the images (`data`, `synthetic`), `transforms` turns a recorded pipeline
into batched operations proven equal to torchvision's, `budgets` settles the hyper-parameters,
`engine` trains one recipe with our seed, `worker` does so in a capped process of its own, `cache` keeps
what was trained under a key of its contents, `pool` runs many, and `bands` judges an accuracy against
the reference's own spread, which `calibrate` measured.
"""

from grader.training.bands import find_band, judge
from grader.training.cache import export
from grader.training.data import check_name, choose_data, default_cache
from grader.training.jobs import Job
from grader.training.pool import key_of, train_all
from grader.training.resident import DataSource

__all__ = [
    "DataSource", "Job", "check_name", "choose_data", "default_cache", "export", "find_band", "judge", "key_of",
    "train_all",
]  # fmt: skip
