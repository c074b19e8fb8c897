"""Loop facts count only where the student's own source says the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from recording_records import recipe

from grader.model import EntryPoint, Fact, Graph, Loop, Loss, Node, Recipe, Run, Schedule
from grader.recording import facts

PROGRAM = """
import torch
from torch import nn
from torchvision import datasets, transforms
from helpers import Net

def get(path):
    train = datasets.CIFAR10(path, train=True, transform=transforms.ToTensor())
    test = datasets.CIFAR10(path, train=False, transform=transforms.ToTensor())
    return torch.utils.data.DataLoader(train), torch.utils.data.DataLoader(test)

def epoch(loader, model, criterion, optimizer=None):
    model.train() if optimizer else model.eval()
    for images, labels in loader:
        with torch.set_grad_enabled(optimizer is not None):
            loss = criterion(model(images), labels)
        if optimizer:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

def main(epochs):
    train, test = get("data")
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    lr_sched = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
    for i in range(epochs):
        epoch(train, model, nn.CrossEntropyLoss(), optimizer)
        epoch(test, model, nn.CrossEntropyLoss())
        lr_sched.step()

main(5)
"""
HELPERS = """
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        return F.dropout(self.fc(x), training=self.training)
"""
SEEN = Loop(
    evaluates_in_eval_mode=True,
    evaluates_without_gradients=True,
    evaluates_on_test_images=True,
)


def told(
    tmp_path: Path, program: str = PROGRAM, helpers: str = HELPERS, **settings: object
) -> dict[str, Fact]:
    """Return the facts of a run with recorded `settings`, held against the two files, by name."""
    (tmp_path / "train.py").write_text(program, encoding="utf-8")
    (tmp_path / "helpers.py").write_text(helpers, encoding="utf-8")
    whole = recipe("optimizer", **({"loop": SEEN, "schedule": stepped("epoch")} | settings))
    return held(tmp_path, whole)


def held(root: Path, whole: Recipe, **signs: bool) -> dict[str, Fact]:
    """Return the facts of a run of `whole` against train.py."""
    run = Run(id="e1.1", recipe=whole, signs=signs)
    return {fact.name: fact for fact in facts(EntryPoint(id="e1", path="train.py"), run, root)}


def stepped(when: str) -> Schedule:
    """Return a schedule that was stepped at `when`."""
    return Schedule(name="ExponentialLR", stepped=when, rates=(0.1, 0.095))  # type: ignore[arg-type]


def loop(**changes: object) -> Loop:
    """Return the honest loop with other values."""
    return msgspec.structs.replace(SEEN, **changes)


def test_honest_program_is_confirmed_throughout(tmp_path: Path) -> None:
    """Where recording and source agree on everything, every fact is confirmed, with lines."""
    found = told(tmp_path)
    assert {name: fact.confirmed for name, fact in found.items()} == dict.fromkeys(found, True)
    assert len(found) == 13
    place = found["scheduler_stepped"].place
    assert place is not None
    assert (place.file, PROGRAM.splitlines()[place.line - 1].strip()) == ("train.py", "lr_sched.step()")


CONTRADICTED = {
    "clears_gradients": {"loop": loop(clears_gradients=False)},
    "evaluates_in_eval_mode": {"loop": loop(evaluates_in_eval_mode=False)},
    "evaluates_without_gradients": {"loop": loop(evaluates_without_gradients=False)},
    "trains_on_test_images": {"loop": loop(trains_on_test_images=True)},
    "evaluates_on_test_images": {"loop": loop(evaluates_on_test_images=False)},
    "steps_per_batch": {"loop": loop(steps_per_batch=0.5)},
    "trains_in_train_mode": {"loop": loop(trains_in_train_mode=False)},
    "untrained": {"loop": loop(untrained=("fc.weight",))},
    "scheduler_stepped": {"schedule": stepped("after_training")},
}


@pytest.mark.parametrize("name", sorted(CONTRADICTED))
def test_fact_that_the_source_contradicts_is_not_confirmed(name: str, tmp_path: Path) -> None:
    """A recording that says otherwise than the source decides nothing, for or against the student."""
    found = told(tmp_path, **CONTRADICTED[name])
    assert not found[name].confirmed
    assert sum(not fact.confirmed for fact in found.values()) == 1


FAULTS = {
    "clears_gradients": (("            optimizer.zero_grad()\n", ""), {"loop": loop(clears_gradients=False)}),
    "evaluates_in_eval_mode": (
        ("    model.train() if optimizer else model.eval()\n", "    model.train()\n"),
        {"loop": loop(evaluates_in_eval_mode=False)},
    ),
    "evaluates_without_gradients": (
        ("        with torch.set_grad_enabled(optimizer is not None):\n", "        if True:\n"),
        {"loop": loop(evaluates_without_gradients=False)},
    ),
    "evaluates_on_test_images": (
        ("train=False", "train=True"),
        {"loop": loop(evaluates_on_test_images=False)},
    ),
    "scheduler_stepped": (
        ("        lr_sched.step()\n", "    lr_sched.step()\n"),
        {"schedule": stepped("after_training")},
    ),
    "steps_per_batch": (("            optimizer.step()\n", ""), {"loop": loop(steps_per_batch=0.0)}),
    "trains_in_train_mode": (
        ("model.train() if optimizer else model.eval()", "model.eval()"),
        {"loop": loop(trains_in_train_mode=False)},
    ),
    "untrained": (
        ("model.parameters()", "model.fc.parameters()"),
        {"loop": loop(untrained=("conv.weight",))},
    ),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_fault_that_the_source_shows_is_confirmed(name: str, tmp_path: Path) -> None:
    """A fault of the loop that was recorded and stands in the source is confirmed, and so is the rest."""
    (old, new), settings = FAULTS[name]
    assert old in PROGRAM
    found = told(tmp_path, PROGRAM.replace(old, new), **settings)
    assert found[name].confirmed


def test_scheduler_never_stepped(tmp_path: Path) -> None:
    """A scheduler that nobody steps is confirmed as such."""
    program = PROGRAM.replace("        lr_sched.step()\n", "")
    assert told(tmp_path, program, schedule=stepped("never"))["scheduler_stepped"].confirmed


def test_scheduler_stepped_at_every_batch(tmp_path: Path) -> None:
    """A step of the scheduler beside the optimizer's, in the loop over batches, is confirmed as such."""
    program = PROGRAM.replace("        lr_sched.step()\n", "").replace(
        "            optimizer.step()\n", "            optimizer.step()\n            lr_sched.step()\n"
    )
    assert told(tmp_path, program, schedule=stepped("batch"))["scheduler_stepped"].confirmed
    assert not told(tmp_path, program, schedule=stepped("epoch"))["scheduler_stepped"].confirmed


def test_softmax_before_the_loss(tmp_path: Path) -> None:
    """A softmax between network and cross-entropy is a fact, confirmed where the source holds one."""
    whole = recipe(loop=SEEN)
    doubled = msgspec.structs.replace(
        whole,
        optimisation=msgspec.structs.replace(
            whole.optimisation, loss=Loss(name="cross_entropy", before=("softmax",))
        ),
    )
    (tmp_path / "helpers.py").write_text(HELPERS, encoding="utf-8")
    for program, confirmed in (
        (PROGRAM, False),
        (PROGRAM.replace("model(images)", "model(images).softmax(1)"), True),
    ):
        (tmp_path / "train.py").write_text(program, encoding="utf-8")
        fact = held(tmp_path, doubled)["softmax_before_loss"]
        assert (fact.value, fact.confirmed) == (True, confirmed)


def test_dropout_that_forgets_the_flag(tmp_path: Path) -> None:
    """A functional dropout awake in the evaluation graph is confirmed by a call without the flag, with its line."""
    whole = recipe(loop=SEEN)
    awake = Node(
        name="n1", op="function", target="dropout", arguments=({"node": "n0"},), keywords={"training": True}
    )
    nodes = whole.network.evaluation.nodes
    network = msgspec.structs.replace(whole.network, evaluation=Graph(nodes=(nodes[0], awake, nodes[2])))
    whole = msgspec.structs.replace(whole, network=network)
    (tmp_path / "train.py").write_text(PROGRAM, encoding="utf-8")
    for helpers, confirmed in ((HELPERS, False), (HELPERS.replace(", training=self.training", ""), True)):
        (tmp_path / "helpers.py").write_text(helpers, encoding="utf-8")
        fact = held(tmp_path, whole)["dropout_ignores_mode"]
        assert (fact.value, fact.confirmed) == (True, confirmed)
    assert fact.place is not None
    assert fact.place.file == "helpers.py"


@pytest.mark.parametrize(
    "addition",
    [
        "exec('x = 1')",
        "from some_trainer import fit",
        "import importlib; importlib.import_module('x')",
        "def (:",
    ],
)
def test_absence_is_not_concluded_from_a_tree_with_holes(addition: str, tmp_path: Path) -> None:
    """Where code may hide, what the tree does not show is not taken as absent."""
    program = PROGRAM.replace("    model.train() if optimizer else model.eval()\n", "    model.train()\n")
    honest = told(tmp_path, program, loop=loop(evaluates_in_eval_mode=False))
    assert honest["evaluates_in_eval_mode"].confirmed
    holed = told(tmp_path, f"{program}\n{addition}\n", loop=loop(evaluates_in_eval_mode=False))
    assert not holed["evaluates_in_eval_mode"].confirmed


def test_hostile_source_costs_nothing(tmp_path: Path) -> None:
    """Absent, binary, deeply nested and self-importing files give unconfirmed facts, never an error."""
    whole = recipe(loop=SEEN)
    assert not held(tmp_path, whole)["clears_gradients"].confirmed
    for content in (b"\x00\xff", b"(" * 100_000, b"x = " + b"-" * 50_000 + b"1", b"import train\n" * 3):
        (tmp_path / "train.py").write_bytes(content)
        assert not held(tmp_path, whole)["clears_gradients"].confirmed


def test_run_without_recipe_has_no_facts(tmp_path: Path) -> None:
    """Where nothing was recorded there is nothing to confirm."""
    assert facts(EntryPoint(id="e1", path="train.py"), Run(id="e1.1", recipe=None), tmp_path) == ()


FORGED = """
import base64, os
with open("/recordings/e1.json", "wb") as file:
    file.write(base64.b64decode("e30="))
os.kill(os.getpid(), 9)
"""


def test_recording_of_what_the_source_never_names_is_not_confirmed(tmp_path: Path) -> None:
    """A program that writes its recording itself names no layer and no optimizer, and is found out."""
    fact = told(tmp_path, FORGED, "")["named_in_source"]
    assert not fact.confirmed
    assert fact.value == "ExponentialLR, Linear, SGD"


@pytest.mark.parametrize(
    "spelling",
    ["nn.Linear(32, 10)", "nn.LazyLinear(10)", "getattr(nn, 'Linear')(32, 10)", "F.linear(x, weight)"],
)
def test_layer_may_be_named_in_any_spelling(spelling: str, tmp_path: Path) -> None:
    """A layer is named by its class, its function, or a text that selects it."""
    helpers = HELPERS.replace("nn.Linear(32, 10)", spelling)
    assert told(tmp_path, helpers=helpers)["named_in_source"].confirmed


def test_improvement_that_only_the_recording_claims_is_not_confirmed(tmp_path: Path) -> None:
    """A real program whose recording adds a normalisation it does not make is found out."""
    (tmp_path / "train.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "helpers.py").write_text(HELPERS, encoding="utf-8")
    fact = held(tmp_path, recipe("normalization", "optimizer"))["named_in_source"]
    assert (fact.confirmed, fact.value) == (False, "Normalize")


def test_name_among_the_arguments_counts(tmp_path: Path) -> None:
    """`--optimizer sgd` names the optimizer that the program looks up."""
    (tmp_path / "train.py").write_text(
        "import torch\nfrom torch import nn\nnn.Linear(32, 10)\n", encoding="utf-8"
    )
    run = Run(id="e1.1", recipe=recipe())
    for arguments, confirmed in ((("--optimizer", "sgd"), True), ((), False)):
        entry = EntryPoint(id="e1", path="train.py", arguments=arguments)
        named = {fact.name: fact for fact in facts(entry, run, tmp_path)}["named_in_source"]
        assert named.confirmed is confirmed


def planned(tmp_path: Path, epochs: int, program: str = PROGRAM, **signs: bool) -> Fact | None:
    """Return what is told of the epochs of a run of so many, with recorded `signs`."""
    (tmp_path / "train.py").write_text(program, encoding="utf-8")
    (tmp_path / "helpers.py").write_text(HELPERS, encoding="utf-8")
    return held(tmp_path, recipe(epochs=epochs), **signs).get("epochs_planned")


def test_epochs_that_a_range_plans_are_confirmed_by_a_number_of_the_source(tmp_path: Path) -> None:
    """A loop left early counts the epochs planned where it goes over a range, and the number stands in the source."""
    stated, invented = (planned(tmp_path, epochs, epochs_planned=True) for epochs in (5, 70))
    assert stated is not None and (stated.confirmed, stated.value) == (True, 5.0)
    assert invented is not None and not invented.confirmed


def test_a_while_is_believed_to_have_ended_by_itself_only_at_a_number_of_the_source(tmp_path: Path) -> None:
    """A `while` may stop because our outputs are no real ones: what the source never says goes to a person."""
    program = PROGRAM.replace("for i in range(epochs):", "while i < epochs and waited < 30:")
    assert planned(tmp_path, 5, program) is None
    cut_short = planned(tmp_path, 12, program)
    assert cut_short is not None and not cut_short.confirmed
    assert planned(tmp_path, 12) is None, (
        "a range that came to its end says itself how many epochs there were"
    )
