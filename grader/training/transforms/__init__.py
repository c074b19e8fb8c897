"""Recorded transforms as batched operations on resident images, proven equal to torchvision's own.

A batch is transformed in two steps. First the draws of every image are read from torch's generator, image after
image and in the order of the pipeline, exactly as torchvision would have drawn them (`words`). Then each stage
works on the whole batch at once, on whatever device the images lie: `moves` gathers pixels (crops, paddings, flips),
`turning`, `resizing` and `colours` do as Pillow does with bytes, `tensors` makes, normalises and erases tensors, and
`after` changes their colours and sizes as torchvision does. `compiling` makes the stages of a pipeline,
`one_by_one` is torchvision itself, and `pipeline` compares the two on a probe: the same bits and the same state of
the generator afterwards, or the pipeline runs image by image. Nothing here is nearly equal.

Both generations of torchvision are the same here: a name that both have is taken from the first. Their images
are alike, their draws too but for corner cases, and recipes that mean the same are trained once.
"""

from grader.training.transforms.compiling import Batched
from grader.training.transforms.pipeline import PROBE_IMAGES, Pipeline, Transform, build_pipeline

__all__ = ["PROBE_IMAGES", "Batched", "Pipeline", "Transform", "build_pipeline"]
