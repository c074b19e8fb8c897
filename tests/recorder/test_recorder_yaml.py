"""Files of settings in YAML, read where no library for them is there."""

from __future__ import annotations

import pytest

from grader.recorder.yaml_files import YAMLError, safe_load

TEXT = """\
# an experiment
name: "bn # not a comment"   # a comment
base: &base
  lr: 1e-2
  betas: [0.9, 0.999]
data: {normalize: yes, size: 28, mean: [0.4, 0.5]}
train:
  <<: *base
  lr: .05
  layers:
    - 32
    - {k: 5, bn: true}
    - kind: conv
      out: 64
stages:
- base
- 'norm'
nothing:
path: ./data/x:y
"""


def test_settings_are_read() -> None:
    """Mappings, lists, one-line tables, numbers, truth values, anchors and comments mean what they mean in YAML."""
    assert safe_load(TEXT) == {
        "name": "bn # not a comment",
        "base": {"lr": 0.01, "betas": [0.9, 0.999]},
        "data": {"normalize": True, "size": 28, "mean": [0.4, 0.5]},
        "train": {
            "lr": 0.05,
            "betas": [0.9, 0.999],
            "layers": [32, {"k": 5, "bn": True}, {"kind": "conv", "out": 64}],
        },
        "stages": ["base", "norm"],
        "nothing": None,
        "path": "./data/x:y",
    }


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n"])
def test_an_empty_file_says_nothing(text: str) -> None:
    """No line, no settings."""
    assert safe_load(text) is None


@pytest.mark.parametrize("text", ["a: [1, 2", "a: {b: 1", "a: [" * 60])
def test_a_broken_file_is_an_error_of_its_own(text: str) -> None:
    """What is not closed ends as the error that programs know, and soon."""
    with pytest.raises(YAMLError):
        safe_load(text)
