"""Choosing images: what is taken, how it is named, and what is said of images that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from grader.errors import DataError
from grader.training import choose_data, synthetic
from grader.training.data import data_home, default_cache
from grader.training.resident import load

NAMES = ("ape", "bee", "cat")


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Path]:
    """`pictures(...)` makes a folder of class folders with two training and one test image a class."""

    def make(name: str = "animals", size: tuple[int, int] = (32, 32), mode: str = "RGB") -> Path:
        for part, count in (("train", 2), ("test", 1)):
            for label, kind in enumerate(NAMES):
                folder = tmp_path / name / part / kind
                folder.mkdir(parents=True)
                for index in range(count):
                    colour = (label * 80, index * 90, 7) if mode == "RGB" else label * 80
                    Image.new(mode, size, colour).save(folder / f"{index}.png")
        return tmp_path / name

    return make


def test_the_embedded_images_are_made_once(tmp_path: Path) -> None:
    """They are generated into the cache, and read from there the second time."""
    first = choose_data("synthetic", cache=tmp_path, environ={})
    stamp = (Path(first.folder) / "train_images.npy").stat().st_mtime_ns
    again = choose_data("synthetic", cache=tmp_path, environ={})
    assert first == again and (Path(again.folder) / "train_images.npy").stat().st_mtime_ns == stamp
    assert first.name == "synthetic" and first.classes == synthetic.CLASSES
    assert (first.train_images, first.test_images) == (synthetic.TRAIN_IMAGES, synthetic.TEST_IMAGES)
    np.testing.assert_array_equal(load(first).train_labels[:20], np.arange(20) % 10)


def test_auto_without_real_images_takes_the_embedded_ones(tmp_path: Path) -> None:
    """Nothing is downloaded, nothing is asked."""
    environ = {"TP_DATA": str(tmp_path / "absent"), "HOME": str(tmp_path)}
    assert choose_data("auto", cache=tmp_path / "cache", environ=environ).name == "synthetic"


def test_auto_takes_real_images_where_they_are(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """A folder of class folders in the data home is used, and its name stands with every number."""
    folder = pictures("home/cifar10-jpeg")
    source = choose_data("auto", cache=tmp_path / "cache", classes=3, environ={"TP_DATA": str(folder.parent)})
    assert (source.name, source.classes) == ("cifar10-jpeg", NAMES)


def test_a_folder_is_decoded_class_by_class_in_turn(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """Labels follow the sorted class names, and any beginning of the data is balanced."""
    source = choose_data(str(pictures()), cache=tmp_path / "cache", classes=3, environ={})
    arrays = load(source)
    assert source.name == "animals" and len(source.digest) == 64
    assert arrays.train_labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert arrays.train_images[:, 0, 0].tolist()[:4] == [[0, 0, 7], [80, 0, 7], [160, 0, 7], [0, 90, 7]]


def test_a_changed_folder_is_read_again(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """Another image gives another digest; the same content elsewhere gives the same one."""
    folder = pictures()
    before = choose_data(str(folder), cache=tmp_path / "cache", classes=3, environ={})
    elsewhere = choose_data(str(pictures("elsewhere")), cache=tmp_path / "cache", classes=3, environ={})
    Image.new("RGB", (32, 32), (1, 2, 3)).save(folder / "train" / "bee" / "2.png")
    after = choose_data(str(folder), cache=tmp_path / "cache", classes=3, environ={})
    assert before.digest == elsewhere.digest != after.digest
    assert after.train_images == 7


def test_grey_images_become_colour_ones(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """A grey picture among photographs is read as one with three equal channels."""
    source = choose_data(str(pictures(mode="L")), cache=tmp_path / "cache", classes=3, environ={})
    assert load(source).train_images.shape == (6, 32, 32, 3)


def refusal(folder: Path, cache: Path, classes: int = 3) -> str:
    """Return the English sentence with which `folder` is refused; the French one is there too."""
    with pytest.raises(DataError) as refused:
        choose_data(str(folder), cache=cache, classes=classes, environ={})
    assert refused.value.text.fr
    return refused.value.text.en


def test_a_broken_image_is_named(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """The sentence names the file, by part and class."""
    folder = pictures()
    (folder / "test" / "cat" / "0.png").write_bytes(b"\x89PNG but not really")
    assert "test/cat/0.png" in refusal(folder, tmp_path / "cache")


def test_an_image_cut_short_is_named(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """An image that begins well and ends too early is broken too."""
    folder = pictures(size=(32, 32))
    path = folder / "train" / "ape" / "1.png"
    path.write_bytes(path.read_bytes()[:60])
    assert "train/ape/1.png" in refusal(folder, tmp_path / "cache")


def test_an_image_cut_short_is_named_whatever_a_library_told_pillow(
    pictures: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WeasyPrint has Pillow accept such images in the whole process; the reading of data does not."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    test_an_image_cut_short_is_named(pictures, tmp_path)
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_an_image_of_another_size_is_named(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """Both sizes are told."""
    assert "28x28" in refusal(pictures(size=(28, 28)), tmp_path / "cache")


def test_images_of_several_sizes_are_told(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """The first image of another size is named, a huge one before any of it is decoded."""
    folder = pictures()
    Image.new("L", (9_000, 9_000)).save(folder / "train" / "bee" / "1.png")
    said = refusal(folder, tmp_path / "cache")
    assert "train/bee/1.png" in said and "9000x9000" in said and "32x32" in said


def test_a_link_to_nowhere_is_named(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """A link whose image has gone is an image that cannot be read."""
    folder = pictures()
    (folder / "test" / "ape" / "lost.png").symlink_to(tmp_path / "gone.png")
    assert "test/ape/lost.png" in refusal(folder, tmp_path / "cache")


def test_a_folder_called_like_an_image_is_named(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """A folder in the place of an image is no image."""
    folder = pictures()
    (folder / "test" / "ape" / "more.png").mkdir()
    assert "test/ape/more.png" in refusal(folder, tmp_path / "cache")


def test_a_name_without_letters_is_told(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """A file name that is not text still makes a sentence that can be printed."""
    folder = pictures()
    Path(os.fsdecode(os.fsencode(folder / "train" / "ape") + b"/\xff.png")).write_bytes(b"no image")
    assert "train/ape/?.png" in refusal(folder, tmp_path / "cache").encode().decode()


SOUND = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))


@settings(max_examples=40, deadline=None)
@given(
    suffix=st.sampled_from(["png", "jpg", "bmp", "ppm", "webp"]),
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=8),
    kept=st.floats(0, 1),
)
def test_damaged_images_never_crash(suffix: str, changes: list[tuple[int, int]], kept: float) -> None:
    """Whatever bytes stand in an image's place, it is read or named."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "set"
        for part in ("train", "test"):
            (folder / part / "ape").mkdir(parents=True)
            SOUND.save(folder / part / "ape" / f"0.{suffix}")
        path = folder / "train" / "ape" / f"0.{suffix}"
        content = bytearray(path.read_bytes())
        for place, value in changes:
            content[place % len(content)] = value
        path.write_bytes(content[: int(len(content) * kept)])
        said = f"train/ape/0.{suffix}"
        try:
            choose_data(str(folder), cache=Path(name) / "cache", classes=1, environ={})
        except DataError as refused:
            said = refused.text.fr
        assert f"train/ape/0.{suffix}" in said


def test_digits_have_one_channel(tmp_path: Path) -> None:
    """A coursework on grey images of another size gets one channel, of colour pictures too."""
    for part in ("train", "test"):
        for kind, mode in (("one", "L"), ("two", "RGB")):
            folder = tmp_path / "digits" / part / kind
            folder.mkdir(parents=True)
            Image.new(mode, (28, 28), "white").save(folder / "0.png")
    source = choose_data(
        str(tmp_path / "digits"), cache=tmp_path / "cache", shape=(1, 28, 28), classes=2, environ={}
    )
    images = load(source).train_images
    assert images.shape == (2, 28, 28, 1) and int(images.min()) == 255


@pytest.mark.parametrize("name", ["auto", "synthetic", "cifar10"])
def test_data_of_another_kind_than_the_coursework_is_refused(name: str, tmp_path: Path) -> None:
    """Known images that are not what a coursework works on are never taken for it, and nothing is downloaded."""
    with pytest.raises(DataError) as refused:
        choose_data(
            name, cache=tmp_path, shape=(1, 28, 28), classes=10, environ={"TP_DATA": str(tmp_path / "absent")}
        )
    assert "28x28" in refused.value.text.en and "--data" in refused.value.text.fr


def test_another_number_of_classes_is_told(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """Three classes are not ten."""
    said = refusal(pictures(), tmp_path / "cache", classes=10)
    assert "3 classes" in said and "10" in said


def test_classes_that_differ_are_told(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """A class on one side only is named."""
    folder = pictures()
    (folder / "test" / "cat").rename(folder / "test" / "cow")
    assert '"cat"' in refusal(folder, tmp_path / "cache")


def test_an_empty_class_is_told(pictures: Callable[..., Path], tmp_path: Path) -> None:
    """A class without images is named."""
    folder = pictures()
    (folder / "test" / "bee" / "0.png").unlink()
    assert "test/bee" in refusal(folder, tmp_path / "cache")


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: None], ids=["empty", "absent"])
def test_a_folder_without_images_is_told(make: Callable[[Path], None], tmp_path: Path) -> None:
    """An empty or absent folder is refused with the layout that is expected."""
    make(tmp_path / "nothing")
    assert "train/<class>/" in refusal(tmp_path / "nothing", tmp_path / "cache")


def test_a_cache_that_went_away_is_told(tmp_path: Path) -> None:
    """A source whose arrays were deleted gives a sentence, not a traceback."""
    source = choose_data("synthetic", cache=tmp_path, environ={})
    (Path(source.folder) / "test_images.npy").unlink()
    with pytest.raises(DataError):
        load(source)


@pytest.mark.slow
def test_a_damaged_torchvision_copy_is_told(tmp_path: Path) -> None:
    """Files that are not the published ones are refused by their checksum, and never unpickled."""
    copy = tmp_path / "copy" / "cifar-10-batches-py"
    copy.mkdir(parents=True)
    (copy / "batches.meta").write_bytes(b"\x80\x04cos\nsystem\n")
    assert "checksum" in refusal(tmp_path / "copy", tmp_path / "cache", classes=10)


def test_places_follow_the_environment(tmp_path: Path) -> None:
    """Caches and data lie where the variables say, else in the user's cache folder."""
    assert default_cache({"GRADER_CACHE": str(tmp_path)}) == tmp_path
    assert default_cache({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "grader"
    assert data_home({"HOME": str(tmp_path)}) == tmp_path / ".cache" / "tp-data"
