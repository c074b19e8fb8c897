"""Compiled transforms against torchvision's own, image by image and bit by bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision.transforms as T
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from grader.errors import TrainingError
from grader.model import Call
from grader.training.transforms import build_pipeline

GENERATOR = torch.Generator().manual_seed(3)
IMAGES = torch.randint(0, 256, (12, 32, 32, 3), dtype=torch.uint8, generator=GENERATOR)
DIGITS = torch.randint(0, 256, (12, 28, 28, 1), dtype=torch.uint8, generator=GENERATOR)
NORMALIZE = Call(name="Normalize", arguments={"mean": [0.491, 0.482, 0.447], "std": [0.202, 0.199, 0.201]})
TO_TENSOR = Call(name="ToTensor")
TURN = Call(name="RandomHorizontalFlip")


def call(name: str, **arguments: Any) -> Call:
    """Return a recorded transform."""
    return Call(name=name, arguments=arguments)


def held(*calls: Call) -> list[dict[str, Any]]:
    """Return `calls` as another call holds them."""
    return [{"name": one.name, "arguments": one.arguments} for one in calls]


def built(one: Call | dict[str, Any]) -> Any:
    """Return the transform of torchvision that a recorded one names."""
    name, given = (one.name, one.arguments) if isinstance(one, Call) else (one["name"], one["arguments"])
    given = {key: torch.float32 if value == "float32" else value for key, value in given.items()}
    if "transforms" in given:
        given["transforms"] = [built(inner) for inner in given["transforms"]]
    if "interpolation" in given:
        given["interpolation"] = T.InterpolationMode(given["interpolation"])
    return (getattr(T, name, None) or getattr(v2, name))(**given)


def by_torchvision(calls: list[Call], seed: int, images: torch.Tensor = IMAGES) -> torch.Tensor:
    """Return what torchvision makes of `images`, one PIL image after the other."""
    pipeline = T.Compose([built(one) for one in calls])
    torch.manual_seed(seed)
    made = [pipeline(Image.fromarray(image.squeeze(-1).numpy())) for image in images]
    return torch.stack(made).as_subclass(torch.Tensor)


def assert_equal(calls: list[Call], seed: int, images: torch.Tensor = IMAGES) -> None:
    """Assert that `calls` are compiled, and give torchvision's bits and leave its generator's state."""
    pipeline = build_pipeline(calls, images)
    torch.manual_seed(seed)
    ours = pipeline.apply(images)
    state = torch.random.get_rng_state()
    theirs = by_torchvision(calls, seed, images)
    assert pipeline.path == "batched"
    assert torch.equal(ours, theirs)
    assert torch.equal(state, torch.random.get_rng_state())


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
    assert_equal(calls, seed)


def hundredths(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers as people write them: of a range narrower than float32 can tell, nothing is said."""
    return st.floats(low, high).map(lambda number: round(number, 2))


ranges = st.one_of(
    hundredths(0, 3), st.tuples(hundredths(0, 1), hundredths(1, 4)).map(list), st.just([0.0, 0.0])
)
chances = st.floats(0, 1)
colours = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "brightness": ranges,
            "contrast": ranges,
            "saturation": ranges,
            "hue": st.one_of(hundredths(0, 0.5), st.just([-0.5, -0.1])),
        },
    ).map(lambda given: call("ColorJitter", **given)),
    st.builds(lambda p: call("RandomGrayscale", p=p), chances),
    st.just(call("Grayscale", num_output_channels=3)),
)
modes = st.sampled_from(["constant", "edge", "reflect", "symmetric"])
bytes_ = st.integers(0, 255)
sides = st.integers(9, 50)
angles = st.one_of(hundredths(0, 180), st.just([10, 30]))
affine = st.fixed_dictionaries(
    {"degrees": angles},
    optional={
        "translate": st.sampled_from([[0.1, 0.25], [0.0, 1.0]]),
        "scale": st.sampled_from([[0.8, 1.2], [1.0, 3.0]]),
        "shear": st.sampled_from([8, [-3, 20], [-10, 10, 5, 15]]),
        "fill": bytes_,
        "center": st.just([3, 20]),
    },
).filter(lambda given: given["degrees"] != 0 or "scale" not in given)
shapes = st.one_of(
    affine.map(lambda given: call("RandomAffine", **given)),
    st.builds(lambda d: call("RandomRotation", degrees=d), hundredths(0, 180)),
    st.builds(
        lambda d, f: call("RandomRotation", degrees=[d, d], fill=f),
        st.sampled_from([0, 90, 180, 270]),
        bytes_,
    ),
    st.builds(
        lambda h, w, i: call("Resize", size=[h, w], interpolation=i),
        sides,
        sides,
        st.sampled_from(["bilinear", "bicubic"]),
    ),
    st.builds(lambda s: call("Resize", size=s), sides),
    st.builds(lambda b, m, f: call("Pad", padding=b, padding_mode=m, fill=f), borders, modes, bytes_),
)
applied = st.builds(
    lambda inner, p: call("RandomApply", transforms=held(*inner), p=p),
    st.lists(colours, min_size=1, max_size=2),
    chances,
)
turns = st.sampled_from([TURN, call("RandomVerticalFlip", p=0.3), call("CenterCrop", size=30)])
jitter = call("ColorJitter", brightness=0.5, contrast=0.5, saturation=0.5, hue=0.2)
SCALED = call("ToDtype", dtype="float32", scale=True)
FLOATS = call("ConvertImageDtype", dtype="float32")
ends = st.sampled_from(
    [
        [TO_TENSOR],
        [TO_TENSOR, NORMALIZE],
        [call("ToImage"), SCALED],
        [call("ToImage"), call("ToDtype", dtype="float32", scale=False)],
        [call("PILToTensor"), call("RandomVerticalFlip"), FLOATS, NORMALIZE],
        [call("ToImage"), call("ColorJitter", brightness=0.5, saturation=2.0), SCALED],
        [call("PILToTensor"), call("RandomRotation", degrees=20), call("Resize", size=28), FLOATS],
    ]
)
erasures = st.builds(
    lambda p, scale, value: call("RandomErasing", p=p, scale=scale, value=value),
    chances,
    st.tuples(hundredths(0, 0.3), hundredths(0.3, 1)).map(list),
    st.sampled_from([0, 0.25, [0.5, 0.25, 1.0]]),
)


blends = st.fixed_dictionaries(
    {}, optional={"brightness": ranges, "contrast": ranges, "saturation": ranges}
).map(lambda given: call("ColorJitter", **given))
later = st.one_of(
    blends,
    st.just(call("Grayscale", num_output_channels=3)),
    st.builds(lambda p: call("RandomGrayscale", p=p), chances),
    st.builds(
        lambda d, f: call("RandomRotation", degrees=d, fill=f), hundredths(0, 180), st.sampled_from([0, 1])
    ),
    st.builds(lambda s: call("Resize", size=[s, s]), sides),
)


@settings(max_examples=60, deadline=None)
@given(
    pixels=st.lists(st.one_of(colours, shapes, applied, turns), max_size=4),
    end=ends,
    tensors=st.lists(st.one_of(erasures, st.just(NORMALIZE), turns, later), max_size=3),
    seed=st.integers(0, 99),
)
def test_compiled_colours_rotations_sizes_and_erasures_equal_torchvision(
    pixels: list[Call], end: list[Call], tensors: list[Call], seed: int
) -> None:
    """Whatever is compiled, before and after the tensors, in whatever order: the same bits from the same seed."""
    assert_equal([*pixels, *end, *tensors], seed)


@settings(max_examples=20, deadline=None)
@given(
    pixels=st.lists(st.one_of(shapes, turns, st.just(jitter), st.just(call("RandomGrayscale"))), max_size=3),
    seed=st.integers(0, 99),
)
def test_images_of_one_channel_and_another_size_are_compiled_too(pixels: list[Call], seed: int) -> None:
    """Digits are grey Pillow images to torchvision, and are so here."""
    assert_equal([*pixels, TO_TENSOR], seed, DIGITS)


def test_draws_made_apart_give_the_same_images() -> None:
    """Draws of several batches at once, carried out later, are those of one batch after the other."""
    calls = [call("RandomCrop", size=32, padding=4), call("RandomHorizontalFlip"), TO_TENSOR]
    pipeline = build_pipeline(calls, IMAGES)
    torch.manual_seed(1)
    expected = [pipeline.apply(IMAGES) for _ in range(3)]
    assert pipeline.batched is not None
    torch.manual_seed(1)
    draws = [pipeline.batched.draw(len(IMAGES)) for _ in range(3)]
    made = [pipeline.batched.carry_out(IMAGES, one) for one in draws]
    assert all(torch.equal(one, other) for one, other in zip(made, expected, strict=True))


def test_each_image_is_cropped_for_itself() -> None:
    """A batch does not share one crop: equal images come out different."""
    same = IMAGES[:1].expand(64, -1, -1, -1).contiguous()
    pipeline = build_pipeline([call("RandomCrop", size=28), TO_TENSOR], IMAGES)
    made = pipeline.apply(same)
    assert len({image.numpy().tobytes() for image in made}) > 10


@pytest.mark.parametrize(
    "calls",
    [
        [TO_TENSOR, NORMALIZE, call("RandomCrop", size=32, padding=4)],
        [call("RandomCrop", size=32, padding=4, padding_mode="reflect"), TO_TENSOR],
        [call("RandomCrop", size=32, padding=4, fill=7), call("Pad", padding=2, fill=9), TO_TENSOR],
        [call("Compose", transforms=[{"name": "Resize", "arguments": {"size": 40}}]), TO_TENSOR],
    ],
    ids=["padding-after-normalising", "reflected", "filled", "nested"],
)
def test_borders_of_any_kind_are_compiled(calls: list[Call]) -> None:
    """A border may be mirrored, have a value, or come after the normalisation."""
    assert_equal(calls, 4)


BLUR = call("GaussianBlur", kernel_size=3)


@pytest.mark.parametrize(
    "calls",
    [
        [BLUR, TO_TENSOR],
        [TO_TENSOR, call("ColorJitter", hue=0.1)],
        [TO_TENSOR, call("Resize", size=[28, 28], antialias=False)],
        [TO_TENSOR, call("RandomErasing", p=1.0, value="random")],
        [call("RandomRotation", degrees=20, interpolation="bilinear"), TO_TENSOR],
        [call("RandomAffine", degrees=0, scale=[0.5, 1.5]), TO_TENSOR],
        [call("AutoAugment", policy="cifar10"), TO_TENSOR],
        [call("RandomChoice", transforms=held(BLUR, call("Compose", transforms=held(TURN, BLUR)))), TO_TENSOR],
        [call("RandomOrder", transforms=held(BLUR, TURN)), TO_TENSOR],
        [call("RandomApply", transforms=held(call("CenterCrop", size=28))), call("Resize", size=[32, 32]), TO_TENSOR],
        [call("ToImage"), call("GaussianBlur", kernel_size=3), call("ToDtype", dtype="float32", scale=True)],
    ],
    ids=[
        "blurred", "hue-of-tensor", "aliased", "noise", "smooth", "scaled", "policy", "choice", "order",
        "other-size", "second",
    ],
)  # fmt: skip
def test_what_is_not_compiled_runs_through_torchvision(calls: list[Call]) -> None:
    """Other transforms run one image after the other, the same each time, and the record says so."""
    pipeline = build_pipeline(calls, IMAGES)
    assert pipeline.path == "image_by_image" and pipeline.batched is None
    made = []
    for _ in range(2):
        torch.manual_seed(5)
        made.append(pipeline.apply(IMAGES))
    assert made[0].dtype == torch.float32 and torch.equal(*made)
    if not any(one.name in ("RandomChoice", "RandomOrder", "AutoAugment") for one in calls):
        assert torch.equal(made[0], by_torchvision(calls, 5))


@pytest.mark.parametrize(
    "calls",
    [
        [call("Lambda", lambd="x"), TO_TENSOR],
        [call("__import__"), TO_TENSOR],
        [call("Compose", transforms=[{"name": "Lambda"}]), TO_TENSOR],
        [call("RandomApply", transforms="everything"), TO_TENSOR],
        [call("Compose", transforms=[{"arguments": 3}]), TO_TENSOR],
        [TO_TENSOR, call("Normalize", mean=[0.5], std=[0.0])],
        [TO_TENSOR, call("Normalize", mean=[0.5, 0.5], std=[1.0, 1.0])],
        [call("PILToTensor")],
        [call("PILToTensor"), call("ConvertImageDtype", dtype="float64")],
        [call("RandomRotation", degrees="steep"), TO_TENSOR],
        [call("Resize", size=[0, 9]), TO_TENSOR],
        [TO_TENSOR, call("RandomErasing", scale=5)],
        [call("RandomCrop", size=64), TO_TENSOR],
        [call("RandomHorizontalFlip", q=1), call("ColorJitter", brightness=-4.0), TO_TENSOR],
        [call("RandomHorizontalFlip")],
    ],
    ids=[
        "lambda", "not-a-transform", "nested", "not-held", "unnamed", "divided-by-nothing", "two-channels", "bytes",
        "doubles", "not-a-number", "no-size", "no-scale", "crop-too-large", "bad-argument", "no-tensor",
    ],
)  # fmt: skip
def test_what_torchvision_cannot_do_is_refused_in_a_sentence(calls: list[Call]) -> None:
    """A transform outside the list, or one that cannot work, is told in both languages and not tried."""
    with pytest.raises(TrainingError) as refused:
        build_pipeline(calls, IMAGES)
    assert refused.value.text.fr and refused.value.text.en


def test_a_batch_stays_channels_last() -> None:
    """The layout that convolutions are fastest in is kept, without a copy."""
    made = build_pipeline([call("RandomHorizontalFlip"), TO_TENSOR, NORMALIZE], IMAGES).apply(IMAGES)
    assert made.is_contiguous(memory_format=torch.channels_last)
