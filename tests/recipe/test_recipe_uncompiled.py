"""torch without its compiler: the same numbers, and the compiler still there for whoever wants it."""

import subprocess
import sys

import pytest

RUN = """
import sys, torch
from grader.recipe.uncompiled import leave_compiler_out
leave_compiler_out()
import torchvision
network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU()).to("meta")
shape = tuple(network(torch.empty(2, 3, device="meta")).shape)
optimizer = torch.optim.SGD(torch.nn.Linear(3, 4).parameters(), lr=0.1)
optimizer.step()
print(shape, "torch._dynamo.eval_frame" in sys.modules)
"""
COMPILE = """
compiled = torch.compile(torch.nn.Linear(3, 4), backend="eager")
print(compiled(torch.zeros(2, 3)).shape == (2, 4), "torch._dynamo.eval_frame" in sys.modules)
boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
print(tuple(torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), [boxes], 2).shape))
"""
ASK = """
import torch._dynamo.utils
print(torch._dynamo.config.__name__, torch._dynamo.utils.__name__)
"""


def _python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_networks_run_on_the_meta_device_and_the_compiler_is_not_imported() -> None:
    """What torch and torchvision import the compiler for, it is not needed for."""
    assert _python(RUN) == "(2, 4) False"


@pytest.mark.slow
def test_whoever_asks_for_the_compiler_gets_it() -> None:
    """The stand-in gives way to the real module at the first other question."""
    assert _python(RUN + ASK).splitlines()[-1] == "torch._dynamo.config torch._dynamo.utils"


@pytest.mark.slow
def test_a_program_may_compile_its_network() -> None:
    """`torch.compile` works as ever, and so does what torchvision asked the compiler for."""
    assert _python(RUN + COMPILE).splitlines()[1:] == ["True True", "(1, 1, 2, 2)"]
