"""What training programs print and write, in the styles that students' logs come in, and event files byte by byte."""

from __future__ import annotations

import struct

BASE_PY = """
=== EPOCH 1 ===

[TRAIN Batch 000/391]	Time 0.310s (0.310s)	Loss 2.3031 (2.3031)	Prec@1   9.4 (  9.4)	Prec@5  48.4 ( 48.4)
[TRAIN Batch 200/391]	Time 0.010s (0.012s)	Loss 1.9020 (2.0520)	Prec@1  30.5 ( 24.8)	Prec@5  82.0 ( 77.0)

===============> Total time 6s	Avg loss 1.8214	Avg Prec@1 33.81 %	Avg Prec@5 84.10 %

[EVAL Batch 000/079]	Time 0.100s (0.100s)	Loss 1.5120 (1.5120)	Prec@1  46.1 ( 46.1)	Prec@5  91.4 ( 91.4)

===============> Total time 1s	Avg loss 1.4802	Avg Prec@1 46.66 %	Avg Prec@5 91.90 %

=== EPOCH 2 ===

===============> Total time 6s	Avg loss 1.3011	Avg Prec@1 53.20 %	Avg Prec@5 93.50 %


===============> Total time 1s	Avg loss 1.3420	Avg Prec@1 51.66 %	Avg Prec@5 93.90 %
"""

VARIANTS = {
    "one line, dashes": (
        "Epoch 1/2 - loss: 1.8 - acc: 0.33 - val_loss: 1.5 - val_acc: 0.46\n"
        "Epoch 2/2 - loss: 1.3 - acc: 0.53 - val_loss: 1.34 - val_acc: 0.51\n"
    ),
    "pipes and percents": (
        "Epoch [1/2] | Train loss: 1.8 | Train acc: 33% | Test loss: 1.5 | Test acc: 46%\n"
        "Epoch [2/2] | Train loss: 1.3 | Train acc: 53% | Test loss: 1.34 | Test acc: 51%\n"
    ),
    "French, several lines": (
        "Époque 1\n  train : perte 1,8  précision 33 %\n  test : perte 1,5  précision 46 %\n"
        "Époque 2\n  train : perte 1,3  précision 53 %\n  test : perte 1,34  précision 51 %\n"
    ),
    "headings of halves": (
        "epoch 1\nTraining...\nloss=1.8 accuracy=33.0\nEvaluating...\nloss=1.5 accuracy=46.0\n"
        "epoch 2\nTraining...\nloss=1.3 accuracy=53.0\nEvaluating...\nloss=1.34 accuracy=51.0\n"
    ),
    "no epochs said": (
        "Avg loss 1.8 Avg Prec@1 33 %\nAvg loss 1.5 Avg Prec@1 46 %\n"
        "Avg loss 1.3 Avg Prec@1 53 %\nAvg loss 1.34 Avg Prec@1 51 %\n"
    ),
    "MNIST example": (
        "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.3\nTrain Epoch: 1\tloss: 1.8\tAccuracy: 33/100 (33%)\n"
        "Test set: Average loss: 1.5, Accuracy: 4600/10000 (46%)\n"
        "Train Epoch: 2 [0/60000 (0%)]\tLoss: 1.9\nTrain Epoch: 2\tloss: 1.3\tAccuracy: 53/100 (53%)\n"
        "Test set: Average loss: 1.34, Accuracy: 5100/10000 (51%)\n"
    ),
}
"""Each tells the same two epochs: train 33 then 53 %, test 46 then 51 %, losses 1.8, 1.3 and 1.5, 1.34."""


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def event(tag: str, step: int, value: float, *, tensor: bool = False) -> bytes:
    """Return one TFRecord with one scalar, as `simple_value` or as the tensor that newer writers make of it."""
    if tensor:
        held = _field(8, _varint(1 << 3) + _varint(1) + _field(2, b"") + _field(5, struct.pack("<f", value)))
    else:
        held = _varint(2 << 3 | 5) + struct.pack("<f", value)
    summary = _field(1, _field(1, tag.encode()) + held)
    message = (
        _varint(1 << 3 | 1) + struct.pack("<d", 1.7e9) + _varint(2 << 3) + _varint(step) + _field(5, summary)
    )
    return struct.pack("<Q", len(message)) + b"\0\0\0\0" + message + b"\0\0\0\0"


def version_event() -> bytes:
    message = _varint(1 << 3 | 1) + struct.pack("<d", 1.7e9) + _field(3, b"brain.Event:2")
    return struct.pack("<Q", len(message)) + b"\0\0\0\0" + message + b"\0\0\0\0"
