"""Stages are recognised by what was recorded."""

from __future__ import annotations

from typing import Any

import pytest
from recording_records import CROP, FLIP, NORMALIZE, STAGES, TO_TENSOR, HandIn, assignment

from grader.model import Call, Glimpse, Loop, Outcome, Problem, Recordings, Schedule, StageMatch
from grader.recording import equals, match_stages
from grader.text import Text


def matches(recordings: Recordings) -> dict[str, StageMatch]:
    """Return the matches by stage."""
    return {match.stage: match for match in match_stages(assignment(), recordings)}


def cumulative(until: int = 6) -> HandIn:
    """Return a hand-in with the first `until` stages, each holding the ones before it."""
    hand_in = HandIn()
    for index in range(until):
        hand_in.add(*STAGES[1 : index + 1])
    return hand_in


def test_cumulative_stages() -> None:
    """One script per stage, each on top of the one before: all found, in order, as cumulative."""
    found = match_stages(assignment(), cumulative().done())
    assert [match.stage for match in found] == list(STAGES)
    assert [match.run for match in found] == [f"e{number}.1" for number in range(1, 7)]
    assert {(match.outcome, match.style) for match in found} == {(Outcome.PASSED, "cumulative")}
    assert found[-1].ingredients == STAGES[1:]


def test_stages_tried_one_at_a_time() -> None:
    """Each improvement alone on the baseline: all found, and told apart from cumulative ones."""
    hand_in = HandIn().add()
    for name in STAGES[1:]:
        hand_in.add(name)
    found = matches(hand_in.done())
    assert {match.outcome for match in found.values()} == {Outcome.PASSED}
    assert [found[name].style for name in STAGES] == ["cumulative"] * 2 + ["separate"] * 4
    assert found["dropout"].ingredients == ("dropout",)


def test_order_of_files_does_not_matter() -> None:
    """The stages are found whatever the order in which the scripts stand."""
    hand_in = HandIn()
    for index in reversed(range(6)):
        hand_in.add(*STAGES[1 : index + 1])
    found = matches(hand_in.done())
    assert [found[name].run for name in STAGES] == [f"e{6 - index}.1" for index in range(6)]


def test_cumulative_is_preferred_to_separate() -> None:
    """Where an improvement was tried both ways, the run with the earlier ones is taken."""
    found = matches(cumulative().add("dropout").add("batchnorm").done())
    assert (found["dropout"].run, found["dropout"].style) == ("e5.1", "cumulative")


def test_skipped_stage_does_not_hide_later_ones() -> None:
    """Without dropout, batch norm on top of the rest is found, and what it lacks is told."""
    hand_in = cumulative(4).add("normalization", "augmentation", "optimizer", "batchnorm")
    found = matches(hand_in.done())
    assert found["dropout"].outcome is Outcome.MISSING
    assert (found["batchnorm"].outcome, found["batchnorm"].run) == (Outcome.PASSED, "e5.1")
    assert "dropout" in found["batchnorm"].reason.en


FAULTY: dict[str, tuple[str, dict[str, Any]]] = {
    "momentum 0.5": ("optimizer", {"momentum": 0.5}),
    "momentum alone": ("optimizer", {"schedule": Schedule(rates=(0.1, 0.1))}),
    "decay alone, by hand": ("optimizer", {"momentum": 0}),
    "scheduler never stepped": (
        "optimizer",
        {"momentum": 0, "schedule": Schedule(name="ExponentialLR", rates=(0.1, 0.1))},
    ),
    "scheduler stepped after the loop": (
        "optimizer",
        {"schedule": Schedule(name="ExponentialLR", stepped="after_training", rates=(0.1, 0.1))},
    ),
    "normalisation in train only": ("normalization", {"evaluation": (TO_TENSOR,)}),
    "normalisation in test only": ("normalization", {"train": (TO_TENSOR,)}),
    "crop that crops nothing": (
        "augmentation",
        {"train": (Call(name="RandomCrop", arguments={"size": 32}), FLIP, TO_TENSOR, NORMALIZE)},
    ),
    "flip alone": ("augmentation", {"train": (FLIP, TO_TENSOR, NORMALIZE)}),
    "crop within RandomApply": (
        "augmentation",
        {
            "train": (
                Call(name="RandomApply", arguments={"transforms": [{"name": "RandomCrop", "arguments": {}}]}),
                TO_TENSOR,
                NORMALIZE,
            )
        },
    ),
    "augmentation in test only": (
        "augmentation",
        {"train": (TO_TENSOR, NORMALIZE), "evaluation": (CROP, FLIP, TO_TENSOR, NORMALIZE)},
    ),
    "augmentation in test too": ("augmentation", {"evaluation": (CROP, FLIP, TO_TENSOR, NORMALIZE)}),
}


@pytest.mark.parametrize("name", sorted(FAULTY))
def test_faulty_ingredient_still_answers_its_stage(name: str) -> None:
    """A fault within an improvement is judged by the checks: the stage is found all the same."""
    stage, settings = FAULTY[name]
    index = STAGES.index(stage)
    found = matches(cumulative(index).add(*STAGES[1 : index + 1], **settings).done())
    assert (found[stage].outcome, found[stage].run) == (Outcome.PASSED, f"e{index + 1}.1")
    assert found[STAGES[index - 1]].run == f"e{index}.1"


def test_run_cut_short_still_answers_its_stage() -> None:
    """A program that crashed after its first epoch leaves a run, and the run is taken."""
    found = matches(cumulative(2).add("normalization", "augmentation", problem="name_error").done())
    assert (found["augmentation"].outcome, found["augmentation"].run) == (Outcome.PASSED, "e3.1")


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"problem": "name_error"}, {}),
        ({"evaluation": None}, {}),
        ({"agrees": False}, {}),
        ({"epochs": 5}, {"epochs": 50}),
        ({"loop": Loop(steps_per_batch=0.0)}, {}),
        ({}, {}),
    ],
    ids=["ended", "evaluated", "rebuilt", "longer", "stepped", "last"],
)
def test_better_of_equal_runs_is_taken(worse: dict[str, Any], better: dict[str, Any]) -> None:
    """Among runs of one stage: evaluated, stepped, ended well, rebuilt, longest, last; the order never decides."""
    found = matches(HandIn().add(**worse).add(**better).done())
    assert found["baseline"].run == "e2.1"
    if worse:
        turned = matches(HandIn().add(**better).add(**worse).done())
        assert turned["baseline"].run == "e1.1"


@pytest.mark.parametrize("usual", ["SGD", "Adam"])
def test_of_equal_runs_the_one_with_the_optimizer_of_the_stage_before_is_taken(usual: str) -> None:
    """Nothing unexplained changes from one stage to the next: a bonus with another optimizer stands for no stage."""
    bonus = {"SGD": "Adam", "Adam": "SGD"}[usual]
    hand_in = HandIn().add(optimizer=usual).add("augmentation", optimizer=usual)
    hand_in.add("augmentation", optimizer=bonus, epochs=50)
    assert matches(hand_in.done())["augmentation"].run == "e2.1"
    redone = hand_in.add("augmentation", optimizer=usual).done()
    assert matches(redone)["augmentation"].run == "e4.1"
    assert equals(assignment(), redone)["augmentation"] == ("e4.1", "e2.1", "e3.1")


def test_mnist_is_no_stage() -> None:
    """The handed-out LeNet on MNIST answers no stage of CIFAR-10's, by data set or by channels."""
    hand_in = (
        HandIn()
        .add(dataset="MNIST", channels=1)
        .add(dataset="ImageFolder", channels=1)
        .add(dataset="CIFAR100")
    )
    found = matches(hand_in.done())
    assert {match.outcome for match in found.values()} == {Outcome.MISSING}
    assert matches(HandIn().add(dataset="ImageFolder").done())["baseline"].outcome is Outcome.PASSED


def test_nothing_handed_in_is_missing() -> None:
    """Nothing, or the untouched template alone: every stage is missing and the reason is kind."""
    for recordings in (HandIn().done(), HandIn().add(template=True).done()):
        found = matches(recordings)
        assert {match.outcome for match in found.values()} == {Outcome.MISSING}
        assert "Nothing was handed in" in found["baseline"].reason.en


def test_failing_program_blocks_what_is_not_found() -> None:
    """A program that failed before showing anything may hold the missing stage; found stages are untouched."""
    found = matches(cumulative(5).add_failing().done())
    assert found["batchnorm"].outcome is Outcome.BLOCKED
    assert "script6.py" in found["batchnorm"].reason.fr
    assert "It stopped." in found["batchnorm"].reason.en
    assert found["dropout"].outcome is Outcome.PASSED


def test_program_without_training_blocks_nothing() -> None:
    """A helper module that ran to its end without training anything hides no stage."""
    found = matches(cumulative(5).add_failing("no_training").done())
    assert found["batchnorm"].outcome is Outcome.MISSING


def test_training_that_is_no_recipe_goes_to_a_person() -> None:
    """A stage that may stand in a program we cannot reproduce is for a person, with the reason."""
    found = matches(cumulative(5).add_unexpressed().done())
    assert found["batchnorm"].outcome is Outcome.MANUAL
    assert "a loop of its own" in found["batchnorm"].reason.en


def test_what_shows_of_a_training_that_is_no_recipe_says_which_stage_it_may_be() -> None:
    """Just the improvements up to a stage: a person decides, and knows which run; on other images it is none."""
    upto = tuple(STAGES[1:])
    found = matches(cumulative(5).add_unexpressed(Glimpse(dataset="CIFAR10", ingredients=upto)).done())
    match = found["batchnorm"]
    assert (match.outcome, match.run, match.ingredients) == (Outcome.MANUAL, "e6.1", upto)
    assert {found[name].outcome for name in STAGES[:5]} == {Outcome.PASSED}
    baseline = matches(HandIn().add_unexpressed(Glimpse(dataset="CIFAR10")).add("normalization").done())
    assert (baseline["baseline"].outcome, baseline["baseline"].run) == (Outcome.MANUAL, "e1.1")
    elsewhere = matches(cumulative(5).add_unexpressed(Glimpse(dataset="MNIST", ingredients=upto)).done())
    assert (elsewhere["batchnorm"].outcome, elsewhere["batchnorm"].run) == (Outcome.MANUAL, None)


def test_final_script_alone_goes_to_a_person() -> None:
    """One script edited in place shows its last stage; the earlier ones are for a person."""
    found = matches(HandIn().add(*STAGES[1:]).done())
    assert (found["batchnorm"].outcome, found["batchnorm"].style) == (Outcome.PASSED, "cumulative")
    assert {found[name].outcome for name in STAGES[:-1]} == {Outcome.MANUAL}
    assert {found[name].run for name in STAGES[:-1]} == {None}


def test_ingredients_are_read_from_the_graph_when_nothing_was_measured() -> None:
    """A network that could not be rebuilt still shows what it is made of."""
    recordings = HandIn().add().done()
    bare = Recordings(recordings=recordings.recordings, sandbox=recordings.sandbox)
    assert matches(bare)["baseline"].run == "e1.1"


def test_matching_is_deterministic() -> None:
    """The same recordings give the same matches."""
    recordings = cumulative().add("dropout").add_failing().done()
    assert match_stages(assignment(), recordings) == match_stages(assignment(), recordings)


def test_run_that_its_source_never_names_is_for_a_person() -> None:
    """A recording that nothing in the source explains earns nothing by itself, and the reason says what is absent."""
    hand_in = cumulative(5).add(*STAGES[1:], unnamed="BatchNorm2d")
    found = matches(hand_in.done())
    assert found["dropout"].outcome is Outcome.PASSED
    assert (found["batchnorm"].outcome, found["batchnorm"].run) == (Outcome.MANUAL, "e6.1")
    assert "BatchNorm2d" in found["batchnorm"].reason.fr
    honest = matches(hand_in.add(*STAGES[1:]).done())
    assert (honest["batchnorm"].outcome, honest["batchnorm"].run) == (Outcome.PASSED, "e7.1")


def test_a_training_cut_off_before_anybody_knows_its_epochs_goes_to_a_person() -> None:
    """Time ran out in a loop that plans no number of epochs: the stage is found, and a person says how many."""
    hand_in = HandIn().add(problem="time_limit", signs={"epochs_unknown": True}, epochs=3)
    found = matches(hand_in.done())["baseline"]
    assert (found.outcome, found.run) == (Outcome.MANUAL, "e1.1")
    assert "3" in found.reason.en and "epochs" in found.reason.en


def test_a_training_seen_to_its_end_is_preferred_to_one_cut_off() -> None:
    """Of two trainings of one stage the one whose epochs are known counts."""
    hand_in = HandIn().add(signs={"epochs_unknown": True}, epochs=50).add(epochs=20)
    found = matches(hand_in.done())["baseline"]
    assert (found.outcome, found.run) == (Outcome.PASSED, "e2.1")


def test_a_setting_that_we_changed_stands_behind_what_runs_unasked() -> None:
    """A stage that only another constant shows is found and told so; where a run shows it unasked, that one counts."""
    hand_in = HandIn().add("normalization", epochs=5).add("normalization", origin="AUG = False", epochs=50)
    found = matches(hand_in.add(origin="NORM = False").done())
    assert (found["normalization"].run, found["baseline"].run) == ("e1.1", "e3.1")
    assert found["baseline"].outcome is Outcome.PASSED
    assert "NORM = False" in found["baseline"].reason.en and "by itself" in found["baseline"].reason.en


def test_ways_left_untried_leave_a_missing_stage_to_a_person() -> None:
    """A stage may stand in one of the runs that were too many to be tried: it is not decided as missing."""
    text = Text(fr="6 lancements n'ont pas été retenus.", en="6 runs were left out.")
    recordings = cumulative(5).done()
    found = {
        match.stage: match
        for match in match_stages(assignment(), recordings, (Problem(kind="untried", text=text),))
    }
    assert found["batchnorm"].outcome is Outcome.MANUAL
    assert "6 runs" in found["batchnorm"].reason.en
    assert found["dropout"].outcome is Outcome.PASSED
