"""Outputs of a fast-forwarded training, a little better at every epoch.

Repeated as they are they would never improve, and a program that waits for an improvement would end too soon. Scores
of a label are raised: for a share of the batch that grows with the epochs, by a margin that grows too, so that both
the loss and the accuracy get better. Nothing of it is evidence; networks are recorded before they learn.
"""

from __future__ import annotations

from typing import Any

import torch

from grader.recorder.trail import tensors_in

_FIRST, _MORE = 0.3, 0.6
"""Share of the batch that is right at first, and by how much it grows. The first is above what two epochs teach."""
_USUAL = 128
"""Epochs over which it grows where nobody knows how many there are."""
_MARGIN = 0.02
"""By how much the margin grows with an epoch."""


def improve(result: Any, labels: Any, epoch: int, planned: int) -> None:
    """Raise the scores of the right labels in `result`, in place; `epoch` counts from 1 those fast-forwarded."""
    scores = next(tensors_in(result), None)
    if not _is_scores(scores, labels):
        return
    assert scores is not None
    with torch.no_grad():
        share = _FIRST + _MORE * min(epoch / max(planned, 1) if planned else epoch / _USUAL, 1.0)
        count = min(max(int(share * len(labels)), 1), len(labels))
        # Those that are right already come first: each further one is then one more that is right.
        right = scores.argmax(dim=1) == labels
        rows = torch.argsort(right.int(), descending=True, stable=True)[:count]
        columns = labels[rows].long()
        highest = scores[rows].max(dim=1).values
        own = scores[rows, columns]
        scores.data[rows, columns] = torch.maximum(own, highest + 1.0 + _MARGIN * epoch).to(scores.dtype)


def _is_scores(scores: Any, labels: Any) -> bool:
    """Whether `scores` holds a row of numbers an image, and `labels` a column for each."""
    return (
        isinstance(scores, torch.Tensor)
        and isinstance(labels, torch.Tensor)
        and scores.dim() == 2
        and scores.is_floating_point()
        and labels.dim() == 1
        and 0 < len(labels) == len(scores)
        and not torch.is_floating_point(labels)
        and bool((labels >= 0).all())
        and bool((labels < scores.shape[1]).all())
    )
