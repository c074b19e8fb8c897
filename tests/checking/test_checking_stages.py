"""The coursework's own checks over hand-made evidence: each mistake costs what it must, once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from checking_hand_in import (
    BATCHNORM,
    CONV1,
    CROP,
    DROPPED,
    FC5,
    FLIP,
    FOLDER,
    NORMALIZE,
    PLAIN,
    POOL,
    TENSOR,
    changed,
    evidence,
    recipe,
)

from grader.checking import Evidence, run_checks
from grader.marking import charge, mark
from grader.model import (
    Call,
    Fact,
    Graph,
    Loss,
    Node,
    Outcome,
    ParameterGroup,
    Place,
    Problem,
    Schedule,
    StageMatch,
    Text,
    Training,
    Verdict,
)

pytestmark = pytest.mark.slow

CODE = ("Q15", "3.1", "3.2", "3.3", "3.4", "3.5")


def verdicts(given: Evidence) -> tuple[Verdict, ...]:
    return charge(given.assignment, run_checks(FOLDER, given, distribution="student"))


def lost(given: Evidence, found: tuple[Verdict, ...] | None = None) -> dict[str, float]:
    """Return the points that each programmed item lost, those that lost some."""
    marks, _, _ = mark(given.assignment, found or verdicts(given))
    all_lost = {
        one.item: round(one.maximum - (one.points or 0) - one.open, 2) for one in marks if one.item in CODE
    }
    return {item: points for item, points in all_lost.items() if points}


def everywhere(old: str, new: str | None) -> dict[int, tuple[str, ...]]:
    """Return all six networks with a line replaced, or taken out."""
    usual = {place: PLAIN for place in range(4)} | {4: DROPPED, 5: BATCHNORM}
    return {place: tuple(_swap(lines, old, new)) for place, lines in usual.items()}


def _swap(lines: tuple[str, ...], old: str, new: str | None) -> list[str]:
    return [new if line == old else line for line in lines if line != old or new is not None]


def test_right_work_loses_nothing_and_has_no_error() -> None:
    """Six right stages pass every check; only what the budget left out stays open."""
    found = verdicts(evidence())
    outcomes = {one.outcome for one in found if one.item in CODE}
    assert outcomes == {Outcome.PASSED, Outcome.NOT_RUN}
    assert lost(evidence(), found) == {}


RIGHT: dict[str, dict[str, Any]] = {
    "pool before relu": {"canonical": {0: (CONV1, POOL, "relu", *PLAIN[3:])}},
    "log-softmax and NLL": {
        "canonical": {0: (*PLAIN, "log_softmax")},
        "recipes": {0: msgspec.structs.replace(
            recipe(0), optimisation=msgspec.structs.replace(recipe(0).optimisation, loss=Loss(name="nll_loss"))
        )},
    },
    "dropout before relu": {"canonical": {4: (*PLAIN[:-2], "dropout p0.5", "relu", FC5)}},
    "padded crop": {"recipes": changed(2, "data", train=(
        Call(name="RandomCrop", arguments={"size": [32, 32], "padding": 4}), FLIP, TENSOR, NORMALIZE,
    ), evaluation=(TENSOR, NORMALIZE))},
    "the data's own deviations": {"recipes": changed(1, "data", train=(
        TENSOR, Call(name="Normalize", arguments={"mean": [0.4914, 0.4822, 0.4465], "std": [0.247, 0.2435, 0.2616]}),
    ), evaluation=(
        TENSOR, Call(name="Normalize", arguments={"mean": [0.4914, 0.4822, 0.4465], "std": [0.247, 0.2435, 0.2616]}),
    )) | {2: recipe(2), 3: recipe(3), 4: recipe(4), 5: recipe(5)}},
    "hand-made decay": {"recipes": {3: msgspec.structs.replace(recipe(3), optimisation=msgspec.structs.replace(
        recipe(3).optimisation, schedule=Schedule(rates=tuple(0.02 * 0.95**epoch for epoch in range(8)))
    ))}},
    "bias left out before batch norm": {"canonical": {5: tuple(
        f"{line} nobias" if line.startswith("conv") else line for line in BATCHNORM
    )}},
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_other_right_ways_lose_nothing(name: str) -> None:
    """Every other right way keeps all its points."""
    given = evidence(**RIGHT[name])
    found = verdicts(given)
    assert lost(given, found) == {}
    assert not [one for one in found if one.outcome in (Outcome.ERROR, Outcome.FAILED)]


CONFIRMED = Place(file="etape1.py", line=40)
WRONG: dict[str, tuple[dict[str, Any], dict[str, float], str]] = {
    "padding 0": ({"canonical": everywhere(CONV1, "conv 3->32 k5 s1 p0")}, {"Q15": 0.88}, "conv1"),
    "no relu after conv3": (
        {"canonical": {p: (*lines[:i], *lines[i + 1 :]) for p, lines, i in (
            (0, PLAIN, 7), (1, PLAIN, 7), (2, PLAIN, 7), (3, PLAIN, 7), (4, DROPPED, 7), (5, BATCHNORM, 10))}},
        {"Q15": 0.88}, "conv3"),
    "relu on the scores": ({"canonical": everywhere(FC5, FC5) | {0: (*PLAIN, "relu")}}, {"Q15": 0.88}, "fc5"),
    "softmax before cross entropy": (
        {"canonical": {0: (*PLAIN, "softmax"), 1: (*PLAIN, "softmax")}}, {"Q15": 0.25}, "CrossEntropyLoss"),
    "fixed batch": ({"flags": ("fixed_batch_size",)}, {"Q15": 0.25}, "batch"),
    "not normalised in test": ({"recipes": changed(1, "data", train=(TENSOR, NORMALIZE), evaluation=(TENSOR,))
                                | {p: recipe(p) for p in range(2, 6)}}, {"3.1": 0.5}, "test"),
    "other constants in test": ({"recipes": {1: msgspec.structs.replace(recipe(1), data=msgspec.structs.replace(
        recipe(1).data, evaluation=(TENSOR,
                                    Call(name="Normalize", arguments={"mean": [0.5] * 3, "std": [0.2] * 3}))))}},
        {"3.1": 0.5}, "test"),
    "crop of 32 without padding": ({"recipes": changed(2, "data", train=(
        Call(name="RandomCrop", arguments={"size": [32, 32]}), FLIP, TENSOR, NORMALIZE),
        evaluation=(TENSOR, NORMALIZE))}, {"3.2": 0.63}, "RandomCrop(32)"),
    "no centre crop": ({"recipes": changed(2, "data", evaluation=(TENSOR, NORMALIZE))}, {"3.2": 0.63}, "CenterCrop"),
    "random in test": ({"recipes": changed(2, "data", evaluation=(CROP, FLIP, TENSOR, NORMALIZE))},
        {"3.2": 0.63}, "RandomCrop"),
    "no ceil_mode": ({"canonical": {2: (*PLAIN[:9], "linear 576->1000", *PLAIN[10:])}}, {"3.2": 0.63}, "ceil_mode"),
    "momentum 0.5": ({"recipes": changed(3, "optimisation", groups=(
        ParameterGroup(parameters=(), options={"lr": 0.01, "momentum": 0.5}),))}, {"3.3": 0.63}, "0,5"),
    "scheduler after the loop": ({"recipes": changed(3, "optimisation", schedule=Schedule(
        name="ExponentialLR", stepped="after_training", rates=(0.01,) * 5))}, {"3.3": 0.63}, "lr_sched.step()"),
    "scheduler at every batch": ({"recipes": changed(3, "optimisation", schedule=Schedule(
        name="ExponentialLR", stepped="batch", rates=(0.01, 1e-9, 1e-16)))}, {"3.3": 0.63}, "batch"),
    "neither momentum nor decay": ({"recipes": changed(3, "optimisation", schedule=Schedule(rates=(0.1,) * 5), groups=(
        ParameterGroup(parameters=(), options={"lr": 0.01, "momentum": 0}),))}, {"3.3": 1.25}, "momentum"),
    "dropout before fc4": ({"canonical": {4: (*PLAIN[:9], "dropout p0.5", *PLAIN[9:])}}, {"3.4": 0.38}, "fc4"),
    "batch norm missing after conv3": ({"canonical": {5: tuple(
        line for place, line in enumerate(BATCHNORM) if place != 9)}}, {"3.5": 0.38}, "conv3"),
    "gradients never cleared": ({"recipes": changed(0, "loop", clears_gradients=False),
        "facts": (Fact(name="clears_gradients", value=False, confirmed=True, place=CONFIRMED),)},
        {"Q15": 0.88}, "zero_grad"),
    "never in eval mode": ({"recipes": changed(0, "loop", evaluates_in_eval_mode=False),
        "facts": (Fact(name="evaluates_in_eval_mode", value=False, confirmed=True, place=CONFIRMED),)},
        {"3.4": 0.38}, "eval"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_costs_its_share_once(name: str) -> None:
    """A mistake costs half of its item (a quarter of a point for lesser ones), once, with words that name it."""
    changes, expected, word = WRONG[name]
    given = evidence(**changes)
    found = verdicts(given)
    assert lost(given, found) == expected
    charged = [one for one in found if one.outcome is Outcome.FAILED and one.charged]
    assert all(one.message.fr and one.message.en for one in charged)
    assert any(word in one.message.fr for one in charged)


def test_functional_dropout_that_is_always_on_fails() -> None:
    """F.dropout without the training flag stays on in evaluation: half of 3.4."""
    always = Graph(
        nodes=(Node(name="d", op="function", target="dropout", keywords={"p": 0.5, "training": True}),)
    )
    given = evidence(recipes=changed(4, "network", evaluation=always))
    assert lost(given) == {"3.4": 0.38}


def test_functional_dropout_with_the_flag_is_right() -> None:
    """F.dropout with training=self.training is inert in evaluation."""
    inert = Graph(
        nodes=(Node(name="d", op="function", target="dropout", keywords={"p": 0.5, "training": False}),)
    )
    assert lost(evidence(recipes=changed(4, "network", evaluation=inert))) == {}


def test_a_loop_fact_that_the_source_does_not_confirm_goes_to_a_person() -> None:
    """An unconfirmed fact of the loop takes no points: it stays open."""
    facts = (Fact(name="clears_gradients", value=False, confirmed=False),)
    found = verdicts(evidence(recipes=changed(0, "loop", clears_gradients=False), facts=facts))
    assert {one.outcome for one in found if one.check == "test_15_loop"} == {Outcome.MANUAL}


def test_a_slip_of_a_digit_is_a_remark() -> None:
    """0.419 for 0.491 loses nothing and is told."""
    slip = Call(name="Normalize", arguments={"mean": [0.419, 0.482, 0.447], "std": [0.202, 0.199, 0.201]})
    given = evidence(recipes=changed(1, "data", train=(TENSOR, slip), evaluation=(TENSOR, slip)) | {
        place: recipe(place) for place in range(2, 6)})  # fmt: skip
    found = verdicts(given)
    assert lost(given, found) == {}
    assert [one.check for one in found if one.remark] == ["test_31_constants"]


def test_a_missing_stage_is_told_once_and_loses_its_item_only() -> None:
    """A stage that was not handed in has one verdict, worth the whole item."""
    gone = StageMatch(
        stage="batchnorm", outcome=Outcome.MISSING, reason=Text(fr="pas de programme", en="no program")
    )
    given = evidence(matches={5: gone})
    found = verdicts(given)
    assert [(one.outcome, one.cost) for one in found if one.item == "3.5"] == [(Outcome.MISSING, 1.0)]
    assert lost(given, found) == {"3.5": 0.75}


@pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.MANUAL, Outcome.ERROR])
def test_a_stage_without_evidence_stays_open(outcome: Outcome) -> None:
    """Blocked, undecided and our own errors take no points."""
    match = StageMatch(stage="baseline", outcome=outcome, reason=Text(fr="raison", en="reason"))
    given = evidence(matches={0: match})
    found = verdicts(given)
    assert [one.outcome for one in found if one.item == "Q15"] == [outcome]
    assert lost(given, found) == {}


def test_weights_from_elsewhere_go_to_a_person_once() -> None:
    """Frozen or pretrained weights leave Q15 open and nothing else."""
    given = evidence(flags=("frozen_parameters", "unknown_initial_values"))
    marks, _, _ = mark(given.assignment, verdicts(given))
    open_items = {one.item for one in marks if one.item in CODE and one.outcome is Outcome.MANUAL}
    assert open_items == {"Q15"}
    assert next(one for one in marks if one.item == "Q15").points is None


def test_a_program_that_stops_costs_half_where_it_stops() -> None:
    """A crash of the student's own costs half of the stage; one that our limits may have caused goes to a person."""
    text = Text(fr="Le programme s'arrête.", en="The program stops.")
    given = evidence(problems={5: Problem(kind="program_error", text=text)})
    assert lost(given) == {"3.5": 0.38}
    assert lost(evidence(problems={5: Problem(kind="time_limit", text=text)})) == {}
    assert lost(evidence(problems={5: Problem(kind="machine", text=text)})) == {}


def test_scripts_that_stop_for_the_same_reason_pay_once() -> None:
    """Six copies of one last line are one mistake; another error is another one."""
    same = {
        place: Problem(
            kind="name_error",
            text=Text(fr=f"{place} (NameError: name 'x')", en=f"{place} (NameError: name 'x')"),
        )
        for place in range(6)
    }
    assert set(lost(evidence(problems=same))) == {"Q15"}
    other = Problem(kind="program_error", text=Text(fr="5 (KeyError: 'y')", en="5 (KeyError: 'y')"))
    assert set(lost(evidence(problems=same | {5: other}))) == {"Q15", "3.5"}


def trained(accuracy: float | None, outcome: Outcome = Outcome.PASSED) -> Training:
    return Training(key="k", outcome=outcome, accuracy=accuracy)


RESULTS: dict[str, tuple[Training, str, bool, Outcome]] = {
    "within": (trained(0.6), "within", True, Outcome.PASSED),
    "above": (trained(0.8), "above", True, Outcome.PASSED),
    "below": (trained(0.3), "below", True, Outcome.FAILED),
    "not finite": (trained(None, Outcome.FAILED), "below", True, Outcome.FAILED),
    "no yardstick": (trained(0.4), "not_calibrated", False, Outcome.PASSED),
    "near chance, no yardstick": (trained(0.11), "not_calibrated", False, Outcome.MANUAL),
    "not finite, no yardstick": (trained(None, Outcome.FAILED), "not_calibrated", False, Outcome.MANUAL),
    "our error": (trained(None, Outcome.ERROR), "not_run", False, Outcome.ERROR),
    "not run": (trained(None, Outcome.NOT_RUN), "not_run", False, Outcome.NOT_RUN),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_retrained_result_fails_only_below_a_band(name: str) -> None:
    """Above passes, below fails, and without a yardstick nothing is ever lost."""
    training, judgement, calibrated, expected = RESULTS[name]
    found = verdicts(evidence(trainings={0: (training, judgement, calibrated)}))
    assert next(one.outcome for one in found if one.check == "test_15_result") is expected


def test_a_result_that_a_told_mistake_explains_costs_nothing_more() -> None:
    """With padding 0 the result is low too: only the padding costs."""
    given = evidence(
        canonical=everywhere(CONV1, "conv 3->32 k5 s1 p0"),
        trainings={place: (trained(0.2), "below", True) for place in range(6)},
    )
    assert lost(given) == {"Q15": 0.88}


def test_separate_stages_are_judged_by_their_own_ingredient() -> None:
    """A stage tried alone need not hold the earlier ones."""
    alone = msgspec.structs.replace(recipe(0), optimisation=recipe(3).optimisation)
    given = evidence(recipes={3: alone}, style="separate")
    assert lost(given) == {}


def test_learning_in_evaluation_mode_costs_half_of_dropout() -> None:
    """model.eval() without a later model.train() puts dropout to sleep while the network learns."""
    fact = Fact(name="trains_in_train_mode", value=False, confirmed=True, place=CONFIRMED)
    given = evidence(recipes=changed(4, "loop", trains_in_train_mode=False), facts=(fact,))
    found = verdicts(given)
    assert lost(given, found) == {"3.4": 0.38}
    assert any("model.train()" in one.message.fr for one in found if one.check == "test_34_mode")


def test_a_program_that_never_evaluates_leaves_its_modes_open() -> None:
    """Where no evaluation was seen, nothing is said of how it should have been made."""
    found = verdicts(evidence(recipes=changed(4, "loop", evaluates_in_eval_mode=None)))
    outcomes = {one.check: one.outcome for one in found}
    assert outcomes["test_34_mode"] is outcomes["test_35_mode"] is Outcome.MANUAL


def test_another_activation_is_named_and_not_called_absent() -> None:
    """A Tanh in the place of a ReLU is told as such: half of Q15."""
    given = evidence(canonical={0: (CONV1, "tanh", *PLAIN[2:])})
    found = verdicts(given)
    assert lost(given, found) == {"Q15": 0.88}
    message = next(one.message for one in found if one.check == "test_15_architecture")
    assert "tanh" in message.fr and "Il manque" not in message.fr


def test_an_adaptive_pooling_goes_to_a_person() -> None:
    """AdaptiveMaxPool2d(4) for ceil_mode keeps the number of parameters, with other windows: no points are taken."""
    found = verdicts(evidence(canonical={2: (*PLAIN[:8], "adaptive_pool 4", *PLAIN[9:])}))
    assert next(one.outcome for one in found if one.check == "test_32_network") is Outcome.MANUAL


def test_a_softmax_across_the_batch_is_wrong() -> None:
    """LogSoftmax over dim 0 before NLLLoss is not the usual one: half of Q15."""
    loss = msgspec.structs.replace(recipe(0).optimisation, loss=Loss(name="nll_loss"))
    given = evidence(
        canonical={0: (*PLAIN, "log_softmax dim0")},
        recipes={0: msgspec.structs.replace(recipe(0), optimisation=loss)},
    )
    found = verdicts(given)
    assert lost(given, found) == {"Q15": 0.88}
    assert any("dim=1" in one.message.fr for one in found if one.check == "test_15_output")


@pytest.mark.parametrize(("last", "outcome"), [("bn2", Outcome.MANUAL), ("bn3", Outcome.PASSED)])
def test_a_batch_norm_shared_by_convolutions_goes_to_a_person(last: str, outcome: Outcome) -> None:
    """A layer called twice mixes the statistics of two convolutions; three layers are as asked."""
    names = ("bn1", "bn2", last)
    nodes = tuple(Node(name=f"n{place}", op="module", target=name) for place, name in enumerate(names))
    modules = {name: Call(name="BatchNorm2d") for name in names}
    given = evidence(recipes=changed(5, "network", train=Graph(nodes=nodes), modules=modules))
    found = verdicts(given)
    assert next(one.outcome for one in found if one.check == "test_35_place") is outcome
