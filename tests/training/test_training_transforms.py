"""Compiled transforms against torchvision's own, image by image and bit by bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision.transforms as T
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from grader.errors import TrainingError
from grader.model import Call
from grader.training.transforms import build_pipeline

IMAGES = torch.randint(0, 256, (12, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
NORMALIZE = Call(name="Normalize", arguments={"mean": [0.491, 0.482, 0.447], "std": [0.202, 0.199, 0.201]})
TO_TENSOR = Call(name="ToTensor")


def call(name: str, **arguments: Any) -> Call:
    """Return a recorded transform."""
    return Call(name=name, arguments=arguments)


def by_torchvision(calls: list[Call], seed: int) -> torch.Tensor:
    """Return what torchvision makes of IMAGES, one PIL image after the other."""
    pipeline = T.Compose([getattr(T, one.name)(**one.arguments) for one in calls])
    torch.manual_seed(seed)
    return torch.stack([pipeline(Image.fromarray(image.numpy())) for image in IMAGES])


borders = st.one_of(
    st.integers(0, 6),
    st.lists(st.integers(0, 6), min_size=2, max_size=2),
    st.lists(st.integers(0, 6), min_size=4, max_size=4),
)
moves = st.lists(
    st.one_of(
        st.builds(lambda p: call("RandomHorizontalFlip", p=p), st.floats(0, 1)),
        st.builds(lambda p: call("RandomVerticalFlip", p=p), st.floats(0, 1)),
        st.builds(lambda b: call("Pad", padding=b), borders),
        st.builds(lambda s: call("CenterCrop", size=s), st.integers(8, 40)),
        st.builds(lambda h, w: call("CenterCrop", size=[h, w]), st.integers(8, 40), st.integers(8, 40)),
    ),
    max_size=4,
)
crops = st.builds(
    lambda s, b: [call("RandomCrop", size=s, **({} if b is None else {"padding": b}))],
    st.integers(4, 8),
    st.one_of(st.none(), borders),
)


@settings(max_examples=60, deadline=None)
@given(
    before=moves,
    crop=st.one_of(st.just([]), crops),
    after=moves,
    normalised=st.booleans(),
    seed=st.integers(0, 99),
)
def test_compiled_transforms_equal_torchvision_bit_for_bit(
    before: list[Call], crop: list[Call], after: list[Call], normalised: bool, seed: int
) -> None:
    """Whatever crops, paddings and flips in whatever order: the same bits from the same seed as on PIL images."""
    calls = [*before, *crop, *after, TO_TENSOR, *([NORMALIZE] if normalised else [])]
    pipeline = build_pipeline(calls, IMAGES)
    torch.manual_seed(seed)
    ours = pipeline.apply(IMAGES)
    state = torch.random.get_rng_state()
    theirs = by_torchvision(calls, seed)
    assert pipeline.path == "batched"
    assert torch.equal(ours, theirs)
    assert torch.equal(state, torch.random.get_rng_state())


def test_each_image_is_cropped_for_itself() -> None:
    """A batch does not share one crop: equal images come out different."""
    same = IMAGES[:1].expand(64, -1, -1, -1).contiguous()
    pipeline = build_pipeline([call("RandomCrop", size=28), TO_TENSOR], IMAGES)
    made = pipeline.apply(same)
    assert len({image.numpy().tobytes() for image in made}) > 10


@pytest.mark.parametrize(
    "calls",
    [
        [call("ColorJitter", brightness=0.3), TO_TENSOR],
        [TO_TENSOR, NORMALIZE, call("RandomCrop", size=32, padding=4)],
        [call("RandomCrop", size=32, padding=4, padding_mode="reflect"), TO_TENSOR],
        [call("RandomCrop", size=32, padding=4, fill=7), TO_TENSOR],
        [call("Resize", size=[28, 28]), TO_TENSOR],
        [TO_TENSOR, call("RandomErasing", p=1.0)],
    ],
    ids=["colour", "padding-after-normalising", "reflected", "filled", "resized", "erased"],
)
def test_what_cannot_be_compiled_runs_through_torchvision(calls: list[Call]) -> None:
    """Other transforms of torchvision give torchvision's results, and the record says by which path."""
    pipeline = build_pipeline(calls, IMAGES)
    torch.manual_seed(5)
    ours = pipeline.apply(IMAGES)
    assert pipeline.path == "image_by_image"
    assert torch.equal(ours, by_torchvision(calls, 5))


@pytest.mark.parametrize(
    "calls",
    [
        [call("Lambda", lambd="x"), TO_TENSOR],
        [call("__import__"), TO_TENSOR],
        [call("Compose", transforms=[]), TO_TENSOR],
        [call("RandomCrop", size=64), TO_TENSOR],
        [call("RandomHorizontalFlip", q=1), call("ColorJitter", brightness=-4.0), TO_TENSOR],
        [call("RandomHorizontalFlip")],
    ],
    ids=["lambda", "not-a-transform", "nested", "crop-too-large", "bad-argument", "no-tensor"],
)
def test_what_torchvision_cannot_do_is_refused_in_a_sentence(calls: list[Call]) -> None:
    """A transform outside the list, or one that cannot work, is told in both languages and not tried."""
    with pytest.raises(TrainingError) as refused:
        build_pipeline(calls, IMAGES)
    assert refused.value.text.fr and refused.value.text.en


def test_a_batch_stays_channels_last() -> None:
    """The layout that convolutions are fastest in is kept, without a copy."""
    made = build_pipeline([call("RandomHorizontalFlip"), TO_TENSOR, NORMALIZE], IMAGES).apply(IMAGES)
    assert made.is_contiguous(memory_format=torch.channels_last)
