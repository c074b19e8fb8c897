"""The recorder on small programs written the ways students write: what it notes of each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors import safe_open

from grader.model import Call, EntryPoint, Place, Recipe, Recording, Run
from grader.training.transforms import build_pipeline

PROGRAMS = Path(__file__).parent / "programs"
FIGHTING = ("sans_fin", "invalide", "trop_long", "tue")
"""Programs that fight back or never end: recorded apart, with little time."""

pytestmark = pytest.mark.slow


def entry_points(names: list[str]) -> list[EntryPoint]:
    """Return an entry point per program; `principal` is called by its main, `arguments` twice with flags."""
    entries = []
    for name in names:
        call = "main" if name == "principal" else "script"
        keywords = {"batch_size": 16, "lr": 0.05, "epochs": 3, "cuda": False} if call == "main" else {}
        entries.append(EntryPoint(id=name, path=f"{name}.py", call=call, keywords=keywords))
        if name == "arguments":
            entries.append(
                EntryPoint(id="drapeaux", path=f"{name}.py", arguments=("--momentum", "0.9", "--epochs", "5"))
            )
    return entries


def record(folder: Path, names: list[str], wall_s: float) -> dict[str, Recording]:
    """Return the recordings of the named programs, made by the recorder's command line."""
    submission, out = folder / "submission", folder / "out"
    submission.mkdir()
    for program in PROGRAMS.glob("*.py.txt"):
        shutil.copy(program, submission / program.name.removesuffix(".txt"))
    job = {"root": str(submission), "out": str(out), "entries": entry_points(names), "entry_wall_s": wall_s}
    (folder / "job.json").write_bytes(msgspec.json.encode(job))
    command = [sys.executable, "-m", "grader.recorder", str(folder / "job.json")]
    subprocess.run(command, check=True, timeout=580, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert sorted(path.name for path in submission.iterdir()) == sorted(
        path.name.removesuffix(".txt") for path in PROGRAMS.iterdir()
    ), "programs write in a copy of the hand-in, never in the hand-in"
    return {
        path.stem: msgspec.json.decode(path.read_bytes(), type=Recording, strict=True)
        for path in out.glob("*.json")
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the well-behaved programs are recorded."""
    return tmp_path_factory.mktemp("recorder")


@pytest.fixture(scope="module")
def recordings(folder: Path) -> dict[str, Recording]:
    """The recordings of every program that ends by itself, by name."""
    names = sorted(path.name.partition(".")[0] for path in PROGRAMS.glob("*.py.txt"))
    return record(folder, [name for name in names if name not in (*FIGHTING, "commun")], 120.0)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """The recordings of the programs that fight back, by name."""
    return record(tmp_path_factory.mktemp("hostile"), list(FIGHTING), 15.0)


@pytest.fixture(scope="module")
def run_of(recordings: dict[str, Recording]) -> Callable[[str], Run]:
    """Return the only training of a program that ended well."""

    def find(name: str) -> Run:
        assert recordings[name].problem is None, recordings[name].problem
        assert len(recordings[name].runs) == 1
        return recordings[name].runs[0]

    return find


@pytest.fixture(scope="module")
def recipe_of(run_of: Callable[[str], Run]) -> Callable[[str], Recipe]:
    """Return the recipe of the only training of a program."""

    def find(name: str) -> Recipe:
        run = run_of(name)
        assert run.unexpressed is None, run.unexpressed
        assert run.recipe is not None
        return run.recipe

    return find


RecipeOf = Callable[[str], Recipe]
RunOf = Callable[[str], Run]


def test_a_script_with_flags_is_recorded_with_each_set_of_flags(recipe_of: RecipeOf) -> None:
    """Command-line arguments reach the program, and each entry point gets its own recording."""
    plain, flags = recipe_of("arguments").optimisation, recipe_of("drapeaux").optimisation
    assert (plain.epochs, plain.groups[0].options["momentum"]) == (3, 0)
    assert (flags.epochs, flags.groups[0].options["momentum"]) == (5, 0.9)


def test_a_hand_made_decay_shows_in_the_rates(recipe_of: RecipeOf) -> None:
    """Without a scheduler the learning rate of each epoch is still told."""
    schedule = recipe_of("drapeaux").optimisation.schedule
    assert schedule.name is None
    assert schedule.stepped == "never"
    assert schedule.rates == pytest.approx([0.1 * 0.95**epoch for epoch in range(5)])


def test_what_is_printed_and_drawn_stops_nothing(run_of: RunOf) -> None:
    """Progress bars, figures and loggers are inert; printed figures are read with their half of the data."""
    run = run_of("arguments")
    assert {(metric.name, metric.phase) for metric in run.printed} == {
        ("loss", "train"),
        ("accuracy", "test"),
    }
    assert [metric.epoch for metric in run.printed if metric.name == "loss"] == [1, 2, 3]


def test_places_name_the_students_own_lines(run_of: RunOf) -> None:
    """Each thing of the recipe is traced to the line of the hand-in that made it."""
    places = run_of("arguments").places
    assert places["network"] == Place(file="arguments.py", line=17)
    assert places["optimizer"] == Place(file="arguments.py", line=19)
    assert places["training_loop"] == Place(file="arguments.py", line=26)
    assert places["evaluation_loop"] == Place(file="arguments.py", line=36)
    assert places["train_transforms"].file == "commun.py"


def test_the_second_epoch_is_told_in_order(run_of: RunOf) -> None:
    """The events of the second epoch say what follows what."""
    events = " ".join(run_of("cent").events)
    assert events.startswith("batch zero_grad forward loss backward step batch zero_grad")
    assert "pass_end scheduler_step batch forward" in events


def test_a_hundred_epochs_are_fast_forwarded_to_their_end(
    recipe_of: RecipeOf, recordings: dict[str, Recording]
) -> None:
    """Every epoch's learning rate is seen, and the program reaches its last line."""
    optimisation = recipe_of("cent").optimisation
    assert optimisation.epochs == 100
    assert optimisation.schedule.stepped == "epoch"
    assert optimisation.schedule.arguments == {"gamma": 0.95}
    assert optimisation.schedule.rates == pytest.approx([0.1 * 0.95**epoch for epoch in range(100)])
    assert recordings["cent"].output_tail == "end\n"


def test_evaluation_in_train_mode_and_with_gradients_is_seen(recipe_of: RecipeOf) -> None:
    """A loop that forgets eval() and no_grad() is told from one that has both."""
    careless, careful = recipe_of("cent").loop, recipe_of("arguments").loop
    assert (careless.evaluates_in_eval_mode, careless.evaluates_without_gradients) == (False, False)
    assert (careful.evaluates_in_eval_mode, careful.evaluates_without_gradients) == (True, True)
    assert careful.evaluates_on_test_images is True


def test_a_scheduler_stepped_after_the_loop_is_seen(recipe_of: RecipeOf) -> None:
    """One step after the last epoch is told from a step an epoch."""
    schedule = recipe_of("apres").optimisation.schedule
    assert (schedule.name, schedule.stepped) == ("StepLR", "after_training")
    assert len(set(schedule.rates)) == 1


def test_gradients_that_are_never_cleared_are_seen(recipe_of: RecipeOf) -> None:
    """A loop without zero_grad is told from one that has it."""
    assert recipe_of("apres").loop.clears_gradients is False
    assert recipe_of("cent").loop.clears_gradients is True


def test_a_scheduler_stepped_at_every_batch_keeps_its_true_rates(recipe_of: RecipeOf) -> None:
    """The batches left out of a pass count for the scheduler: the peak of one cycle falls in the second epoch."""
    schedule = recipe_of("un_cycle").optimisation.schedule
    assert schedule.stepped == "batch"
    assert schedule.rates[0] < 0.001 < 0.009 < schedule.rates[1]
    assert schedule.rates[3] < schedule.rates[2] < schedule.rates[1]


def test_a_cycle_is_told_with_its_steps(recipe_of: RecipeOf) -> None:
    """Stepped at every batch, a scheduler is made again from its arguments: all its steps in the program are told."""
    schedule = recipe_of("un_cycle").optimisation.schedule
    assert schedule.name == "OneCycleLR" and schedule.steps == 4 * schedule.arguments["steps_per_epoch"]


def test_gradients_gathered_over_many_batches_are_counted(recipe_of: RecipeOf) -> None:
    """A step every eight batches is seen though passes are cut short, and so is what the loss is divided by."""
    recipe = recipe_of("accumule")
    assert recipe.loop.steps_per_batch == 0.125 and recipe.loop.clears_gradients
    loss = recipe.optimisation.loss
    assert (loss.name, loss.arguments["base"], loss.arguments["factor"]) == ("other", "cross_entropy", 0.125)
    assert "reduction" not in loss.arguments


def test_schedulers_made_of_others_are_told_with_their_parts(recipe_of: RecipeOf) -> None:
    """A warm-up and what comes after it, with the step at which one follows the other."""
    schedule = recipe_of("accumule").optimisation.schedule
    assert (schedule.name, schedule.stepped) == ("SequentialLR", "batch")
    assert [part["name"] for part in schedule.arguments["schedulers"]] == ["LinearLR", "CosineAnnealingLR"]
    assert schedule.arguments["milestones"] == [100]
    assert schedule.arguments["schedulers"][0]["arguments"] == {"start_factor": 0.1, "total_iters": 100}


def test_a_group_that_moves_alone_has_rates_of_its_own(recipe_of: RecipeOf) -> None:
    """Where groups do not keep their proportion, each is told; a largest gradient is a norm like others."""
    optimisation = recipe_of("groupes").optimisation
    assert optimisation.schedule.rates == (0.1,) * 4
    assert optimisation.schedule.group_rates == (pytest.approx((0.02, 0.01, 0.005, 0.0025)),)
    assert optimisation.clipping == Call(
        name="clip_grad_norm_", arguments={"max_norm": 0.5, "norm_type": "inf"}
    )
    assert recipe_of("un_cycle").optimisation.schedule.group_rates == ()


def test_a_function_of_the_step_is_told_by_its_values(recipe_of: RecipeOf) -> None:
    """A function cannot be handed over; its factors over all steps of the training can."""
    schedule = recipe_of("inverse").optimisation.schedule
    (table,) = schedule.arguments["lr_lambda"]
    assert (schedule.name, schedule.stepped) == ("LambdaLR", "batch")
    assert len(table["factors"]) <= 1025 and table["every"] * (len(table["factors"]) - 1) >= schedule.steps
    assert table["factors"][:2] == [1.0, 1 / (1 + table["every"])]


def test_what_is_clipped_in_part_and_runs_across_the_batch_is_told_apart(recipe_of: RecipeOf) -> None:
    """Neither can pass for the usual: some of the tensors are no whole network, and a batch is no image."""
    optimisation = recipe_of("inverse").optimisation
    assert optimisation.clipping is not None and optimisation.clipping.arguments["parameters"] == "some"
    assert optimisation.loss.before == ("log_softmax across",)


def test_a_rate_set_by_hand_at_every_batch_is_no_rate_per_epoch(recipe_of: RecipeOf) -> None:
    """It moves within a pass though no scheduler does it."""
    schedule = recipe_of("a_la_main").optimisation.schedule
    assert (schedule.name, schedule.stepped) == (None, "batch")
    assert recipe_of("cent").optimisation.schedule.stepped != "batch"


@pytest.mark.parametrize(("name", "metric"), [("plateau", "test_loss"), ("sommet", "test_accuracy")])
def test_what_a_plateau_is_told_is_recognised(recipe_of: RecipeOf, name: str, metric: str) -> None:
    """By its value: the sum of the test losses, or the accuracy in percent."""
    assert recipe_of(name).optimisation.schedule.metric == metric


def test_parameter_groups_clipping_and_smoothing_are_recorded(recipe_of: RecipeOf) -> None:
    """Each group is told with its tensors by path; clipping and the loss with their arguments."""
    optimisation = recipe_of("un_cycle").optimisation
    assert optimisation.optimizer == "Adam"
    assert [group.parameters for group in optimisation.groups] == [
        ("features.0.weight", "features.0.bias"),
        ("classifier.weight", "classifier.bias"),
    ]
    assert optimisation.loss.arguments == {"label_smoothing": 0.1}
    assert optimisation.clipping == Call(name="clip_grad_norm_", arguments={"max_norm": 1.0})


def test_log_softmax_outside_of_the_network_stands_before_the_loss(recipe_of: RecipeOf) -> None:
    """What lies between the network's output and the loss is part of the loss."""
    loss = recipe_of("nll").optimisation.loss
    assert (loss.name, loss.before) == ("nll_loss", ("log_softmax",))


def test_initialisers_are_recorded_by_tensor(recipe_of: RecipeOf) -> None:
    """torch.nn.init, `.data.fill_` and `.data.normal_` are told; the layer's own drawing is `default`."""
    parameters = recipe_of("nll").network.parameters
    assert parameters["fc1.weight"].initializer.name == "kaiming_normal_"
    assert parameters["fc1.bias"].initializer == Call(name="constant_", arguments={"val": 0.01})
    assert parameters["fc2.weight"].initializer == Call(name="normal_", arguments={"mean": 0, "std": 0.02})
    assert parameters["fc2.bias"].initializer.name == "default"


def test_tensors_that_no_optimizer_holds_are_named(recipe_of: RecipeOf) -> None:
    """A trainable tensor left out of the optimizer is told by its path, and does not count as uncleared."""
    loop = recipe_of("nll").loop
    assert loop.untrained == ("fc1.weight", "fc1.bias")
    assert loop.clears_gradients is True


def test_a_functional_dropout_without_its_flag_shows_in_the_evaluation_graph(recipe_of: RecipeOf) -> None:
    """The evaluation graph still drops when the program forgot `training=self.training`."""
    nodes = recipe_of("nll").network.evaluation.nodes
    (dropout,) = [node for node in nodes if node.target == "dropout"]
    assert True in dropout.arguments or dropout.keywords.get("training", True) is True


def test_mean_squares_after_a_softmax_are_recorded(recipe_of: RecipeOf) -> None:
    """MSE on one-hot labels, and an evaluation on training images only."""
    recipe = recipe_of("mse")
    assert (recipe.optimisation.loss.name, recipe.optimisation.loss.before) == ("mse_loss", ("softmax",))
    assert recipe.loop.evaluates_on_test_images is False


def test_a_crash_keeps_what_came_before_it(recordings: dict[str, Recording]) -> None:
    """After a crash in the first evaluation the training is kept, and the student's own line is named."""
    crashed = recordings["plante"]
    assert crashed.problem is not None
    assert crashed.problem.kind == "attribute_error"
    assert crashed.problem.place == Place(file="plante.py", line=8)
    assert "flot" in crashed.problem.text.fr
    assert crashed.runs[0].recipe is not None


def test_a_program_that_ends_itself_keeps_its_training(run_of: RunOf) -> None:
    """os._exit and exit() end the program quietly, wherever they stand."""
    assert run_of("sortie").recipe is not None


def test_old_programs_run_over_named_bridges(recordings: dict[str, Recording], recipe_of: RecipeOf) -> None:
    """A program written for torch 0.3 runs to its end, and each bridge it needed is named."""
    assert set(recordings["ancien"].ageing) == {
        "asked_at_terminal",
        "async_keyword", "time_clock", "transforms.Scale", "init.xavier_uniform", "index_of_scalar",
        "view_on_non_contiguous", "volatile", "numpy_alias",
    }  # fmt: skip
    recipe = recipe_of("ancien")
    assert recipe.loop.evaluates_without_gradients is True
    assert recipe.network.parameters["0.weight"].initializer.name == "xavier_uniform_"
    assert recipe.optimisation.loss.arguments == {}


def test_pretrained_frozen_weights_are_unknown_and_frozen(recipe_of: RecipeOf) -> None:
    """Weights from elsewhere are `unknown`, frozen ones not trainable; the new layer is neither."""
    parameters = recipe_of("pretrained").network.parameters
    first, last = parameters["features.0.weight"], parameters["classifier.1.weight"]
    assert (first.initializer.name, first.trainable) == ("unknown", False)
    assert (last.initializer.name, last.trainable) == ("default", True)


def test_two_trainings_give_two_runs(recordings: dict[str, Recording]) -> None:
    """Each training of a program is recorded apart, with its own options, epochs and samples."""
    runs = recordings["deux"].runs
    recipes = [run.recipe for run in runs if run.recipe is not None]
    assert [recipe.optimisation.groups[0].options["momentum"] for recipe in recipes] == [0.9, 0.0]
    assert [recipe.optimisation.epochs for recipe in recipes] == [4, 4]
    assert [run.samples for run in runs] == ["deux.1.safetensors", "deux.2.safetensors"]


def test_a_training_that_goes_on_from_another_is_no_recipe_of_its_own(
    recordings: dict[str, Recording],
) -> None:
    """A second training from learned weights is told apart; from weights drawn anew it is a training like any."""
    first, goes_on, anew = recordings["reprise"].runs
    assert first.recipe is not None
    assert goes_on.recipe is None
    assert goes_on.unexpressed is not None
    assert "no. 1" in goes_on.unexpressed.en
    assert anew.recipe is not None
    assert {one.initializer.name for one in anew.recipe.network.parameters.values()} == {"default"}


def test_constants_computed_from_the_images_come_out_right(recordings: dict[str, Recording]) -> None:
    """The data set in memory has CIFAR-10's mean and deviation in each channel."""
    recipe = recordings["deux"].runs[0].recipe
    assert recipe is not None
    (normalise,) = [call for call in recipe.data.train if call.name == "Normalize"]
    assert normalise.arguments["mean"] == pytest.approx([0.491, 0.482, 0.447], abs=0.002)
    assert normalise.arguments["std"] == pytest.approx([0.247, 0.243, 0.262], abs=0.002)


def test_a_batch_size_written_into_the_network_is_recorded_at_that_size(run_of: RunOf, folder: Path) -> None:
    """A network bound to one batch size gives samples at that size only."""
    assert run_of("fixe").recipe is not None
    with safe_open(folder / "out" / "fixe.1.safetensors", "pt") as samples:
        assert {name for name in samples.keys() if name.startswith("input/")} == {"input/8"}  # noqa: SIM118


def test_samples_hold_initial_values_and_two_batches(run_of: RunOf, folder: Path) -> None:
    """Beside each recipe stand its initial values, and outputs for two batch sizes."""
    run = run_of("cent")
    assert run.recipe is not None
    with safe_open(folder / "out" / str(run.samples), "pt") as samples:
        names = set(samples.keys())
        assert tuple(samples.get_tensor("output/2").shape) == (2, 10)
    assert {"input/2", "input/5", "output/2", "output/5"} < names
    assert {f"value/{path}" for path in run.recipe.network.parameters} < names


def test_main_is_called_with_its_own_names(recipe_of: RecipeOf) -> None:
    """A module that only defines main gets the wanted arguments under whatever names it has."""
    recipe = recipe_of("principal")
    assert recipe.data.batch_size == 16
    assert recipe.optimisation.epochs == 3
    assert recipe.optimisation.groups[0].options["lr"] == 0.05


def test_batches_drawn_by_next_never_run_out_early(recipe_of: RecipeOf) -> None:
    """A program that calls next() gets as many batches as the loader is long; its accumulation is seen."""
    recipe = recipe_of("tirage")
    assert recipe.optimisation.epochs == 3
    assert recipe.loop.steps_per_batch == 0.5
    assert recipe.loop.clears_gradients is True


def test_a_loop_that_needs_its_hundredth_batch_gets_it(run_of: RunOf) -> None:
    """A program that fails because its passes were cut short is run again with whole ones."""
    run = run_of("tard")
    assert run.recipe is not None
    assert run.recipe.optimisation.epochs == 20
    assert len(run.printed) == 20


def test_data_loaders_of_today_subsets_and_parallel_networks_are_seen_through(recipe_of: RecipeOf) -> None:
    """Transforms of the new kind read as the old, DataParallel and random_split as what they hold."""
    recipe = recipe_of("direct")
    assert [call.name for call in recipe.data.train] == [
        "RandomCrop",
        "RandomHorizontalFlip",
        "ToTensor",
        "Normalize",
    ]
    assert recipe.data.train[0].arguments == {"size": [28, 28]}
    assert recipe.network.input_shape == (3, 28, 28)
    assert set(recipe.network.parameters) == {"0.weight", "0.bias", "3.weight", "3.bias"}
    assert recipe.optimisation.schedule.rates == pytest.approx([0.1, 0.095, 0.09025, 0.0857375])
    assert recipe.loop.evaluates_on_test_images is False


def test_transforms_inside_transforms_are_recorded_as_they_can_be_carried_out(recipe_of: RecipeOf) -> None:
    """What holds others keeps them in order, several in a row as a Compose; torchvision accepts them all again."""
    data = recipe_of("augmente").data
    assert data.evaluation is not None
    assert [call.name for call in data.evaluation] == ["Resize", "Grayscale", "CenterCrop", "ToTensor"]
    resize, rotation, applied, choice, *_ = data.train
    assert resize.arguments == {"size": 40, "interpolation": "bicubic"}
    assert rotation.arguments == {"degrees": 15}
    (nested,) = applied.arguments["transforms"]
    assert nested["name"] == "Compose" and applied.arguments["p"] == 0.8
    assert [one["name"] for one in nested["arguments"]["transforms"]] == ["ColorJitter", "RandomGrayscale"]
    assert [one["name"] for one in choice.arguments["transforms"]] == ["RandomCrop", "Compose"]
    probe = torch.zeros(4, 32, 32, 3, dtype=torch.uint8)
    paths = [build_pipeline(calls, probe).path for calls in (data.train, data.evaluation)]
    assert paths == ["image_by_image", "batched"]


def test_an_output_flattened_outside_the_network_is_told(recipe_of: RecipeOf) -> None:
    """A fully convolutional network's squeeze stands before the loss, with the loss's reduction."""
    loss = recipe_of("convolutif").optimisation.loss
    assert (loss.before, loss.arguments) == (("flatten",), {"reduction": "sum"})


def test_an_optimizer_built_anew_each_epoch_is_one_training(recipe_of: RecipeOf) -> None:
    """Five optimizers over one network, one an epoch, are five epochs of one training."""
    optimisation = recipe_of("recree").optimisation
    assert optimisation.groups[0].options["lr"] == 0.1
    assert optimisation.schedule.rates == pytest.approx([0.1 * 0.5**epoch for epoch in range(5)])


def test_mixed_precision_and_saved_models_pass(recipe_of: RecipeOf) -> None:
    """Explicit GPU tools are inert, and a model saved is loaded back."""
    recipe = recipe_of("plateau")
    assert recipe.optimisation.optimizer == "AdamW"
    assert recipe.optimisation.schedule.name == "ReduceLROnPlateau"
    assert recipe.loop.evaluates_without_gradients is True


@pytest.mark.parametrize(
    ("name", "word"),
    [("lambda_", "Lambda"), ("enveloppe", "Images"), ("fermeture", "control flow"),
     ("main_levee", "optimizer"), ("morceaux", "Sequential")],
)  # fmt: skip
def test_what_no_recipe_can_hold_is_said(run_of: RunOf, name: str, word: str) -> None:
    """A training that cannot be told as a recipe says why, and gives no half of one."""
    run = run_of(name)
    assert run.recipe is None
    assert run.unexpressed is not None
    assert word in run.unexpressed.en


def test_batches_cut_from_tensors_in_memory_are_told_by_their_pixels(recipe_of: RecipeOf) -> None:
    """A loop over slices of all images is a pass over them, and what the network is fed tells the transforms."""
    recipe = recipe_of("tableau")
    assert recipe.data.train == (Call(name="ToTensor"),) and not recipe.data.shuffle
    assert (recipe.data.batch_size, recipe.optimisation.epochs) == (100, 2)


def test_images_learned_with_the_labels_of_others_are_no_recipe(run_of: RunOf) -> None:
    """A loop that shuffles images and not their labels teaches nothing, and is not trained again as if it did."""
    assert run_of("depareille").recipe is None
    assert run_of("depareille").unexpressed is not None


def test_answers_gathered_over_batches_are_as_many_as_the_images(recordings: dict[str, Recording]) -> None:
    """A loop that learns nothing and gathers what the network says is not ended early: its result keeps its size."""
    found = recordings["recueille"]
    assert found.problem is None
    assert [one.recipe.optimisation.epochs for one in found.runs if one.recipe is not None] == [3]


def test_a_list_of_trainings_is_no_loop_over_their_epochs(recordings: dict[str, Recording]) -> None:
    """A training of three epochs in the third turn has three, and not as many as the list is long."""
    recipes = [run.recipe for run in recordings["liste"].runs]
    assert [one.optimisation.epochs for one in recipes if one is not None] == [1, 1, 3, 1]


def test_a_position_told_to_a_scheduler_leaves_the_rates_alone(recipe_of: RecipeOf) -> None:
    """`step(epoch + i / n)` is no step of the scheduler's own: the rates of the epochs are those of the program."""
    schedule = recipe_of("position").optimisation.schedule
    assert (schedule.name, schedule.stepped) == (None, "batch")
    assert schedule.rates == pytest.approx((0.1, 0.05, 0.1))


def test_lazy_layers_are_recorded_as_what_they_become(recipe_of: RecipeOf) -> None:
    """Layers that find out their sizes at the first batch stop nothing and are drawn as usual."""
    network = recipe_of("paresseux").network
    assert [call.name for call in network.modules.values()] == [
        "Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Flatten", "Linear"
    ]  # fmt: skip
    assert network.parameters["5.weight"].shape == (10, 64)
    learnt = [one for one in network.parameters.values() if not one.buffer]
    assert {one.initializer.name for one in learnt} == {"default"}


def test_a_training_that_never_steps_and_uses_test_images_is_seen(recipe_of: RecipeOf) -> None:
    """Forgetting optimizer.step() gives no steps; training on the test half is told."""
    loop = recipe_of("sans_pas").loop
    assert loop.steps_per_batch == 0.0
    assert loop.trains_on_test_images is True


@pytest.mark.parametrize(
    ("name", "kind", "line"),
    [
        ("syntaxe", "syntax_error", 2),
        ("module", "missing_helper", 2),
        ("tailles", "shape_error", 7),
        ("droits", "machine", 3),
    ],
)
def test_each_error_is_told_with_its_line(
    recordings: dict[str, Recording], name: str, kind: str, line: int
) -> None:
    """The first error has a stable kind and the student's own file and line."""
    problem = recordings[name].problem
    assert problem is not None
    assert problem.kind == kind
    assert problem.place == Place(file=f"{name}.py", line=line)
    # A missing helper is told once for all the programs that want it, so its sentence names none of their lines.
    assert kind == "missing_helper" or f"ligne {line}" in problem.text.fr


def test_a_program_without_training_says_so(recordings: dict[str, Recording]) -> None:
    """A program that trains nothing is told so, with what it printed."""
    problem = recordings["rien"].problem
    assert problem is not None
    assert problem.kind == "no_training"
    assert recordings["rien"].output_tail == "bonjour\n"


def test_no_path_of_this_machine_is_recorded(folder: Path, recordings: dict[str, Recording]) -> None:
    """Records name the student's files as handed in, never where they were run."""
    text = json.dumps([path.read_text() for path in (folder / "out").glob("*.json")])
    assert recordings
    assert str(folder) not in text
    assert "program-" not in text


def test_the_same_program_gives_the_same_bytes_twice(
    recordings: dict[str, Recording], folder: Path, tmp_path: Path
) -> None:
    """Recording a program again gives the same records and samples to the last byte."""
    assert recordings
    record(tmp_path, ["arguments", "nll"], 120.0)
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() == (folder / "out" / path.name).read_bytes(), path.name


def test_an_endless_program_is_stopped_with_its_line(hostile: dict[str, Recording]) -> None:
    """A loop that swallows every interruption is stopped in time; what it did is kept."""
    endless = hostile["sans_fin"]
    assert endless.problem is not None
    assert endless.problem.kind == "time_limit"
    assert endless.problem.place is not None
    assert endless.problem.place.file == "sans_fin.py"
    assert endless.runs[0].recipe is not None


@pytest.mark.parametrize("name", ["tue", "invalide"])
def test_a_program_that_kills_itself_or_its_tools_harms_nobody(
    hostile: dict[str, Recording], name: str
) -> None:
    """The last recording written stands, says that the end was abrupt, and the others are whole."""
    killed = hostile[name]
    assert killed.problem is not None
    assert killed.problem.kind == "killed"
    assert killed.runs[0].recipe is not None


def test_early_stopping_does_not_stop_a_fast_forwarded_training(recordings: dict[str, Recording]) -> None:
    """Figures keep getting better while a training is fast-forwarded, so that patience never runs out."""
    runs = recordings["arret_precoce"].runs
    assert [run.recipe.optimisation.epochs for run in runs[:2] if run.recipe] == [30, 25]
    assert [run.signs for run in runs[:2]] == [{}, {}]


def test_epochs_that_a_loop_did_not_come_to_are_those_that_its_range_planned(
    recordings: dict[str, Recording],
) -> None:
    """A loop left before the end of its range counts the epochs planned, and says that it was left."""
    run = recordings["arret_precoce"].runs[2]
    assert run.recipe is not None
    assert (run.recipe.optimisation.epochs, run.signs) == (20, {"epochs_planned": True})


def test_a_training_cut_off_by_the_time_limit_has_the_epochs_that_it_planned(
    hostile: dict[str, Recording],
) -> None:
    """Where time runs out the range of the loop says how many epochs there would have been; a `while` says nothing."""
    planned, unknown = hostile["trop_long"], hostile["sans_fin"]
    assert planned.problem is not None and planned.problem.kind in ("time_limit", "killed")
    assert planned.runs[0].recipe is not None and planned.runs[0].recipe.optimisation.epochs == 40
    assert planned.runs[0].signs == {"epochs_planned": True}
    assert unknown.runs[0].signs == {"epochs_unknown": True}


def test_scripts_that_a_program_starts_are_watched_with_it(recordings: dict[str, Recording]) -> None:
    """A grid of command lines, a line for a shell, a process of its own: each training is one of the program's."""
    recording = recordings["lanceur"]
    assert recording.problem is None
    recipes = [run.recipe.optimisation for run in recording.runs if run.recipe]
    assert [(one.epochs, one.groups[0].options["momentum"]) for one in recipes] == [
        (3, 0),
        (4, 0.9),
        (2, 0.5),
        (1, 0),
        (3, 0),
    ]
    assert {run.places["network"].file for run in recording.runs} == {"arguments.py", "lanceur.py"}
    assert recording.output_tail.endswith("0 2 done\n")


def test_a_part_of_a_batch_stands_for_all_of_it_unless_something_is_kept(
    recordings: dict[str, Recording],
) -> None:
    """After its first step a network gets a part of large batches, but never one that leaves features behind.

    Gradients are there after each backward pass, of fast-forwarded epochs too.
    """
    recording = recordings["garde"]
    assert recording.problem is None and len(recording.runs) == 2
    kept, plain = (line.split() for line in recording.output_tail.splitlines() if "tailles" in line)
    assert int(kept[-1]) >= 4 and int(plain[-1]) == 1
    for run in recording.runs:
        assert run.recipe is not None and run.recipe.optimisation.epochs == 3 and run.samples is not None


def test_tables_that_draw_stop_nothing(recordings: dict[str, Recording]) -> None:
    """`table.plot()` and its like are as inert as what they draw with: what follows is still seen."""
    recording = recordings["courbes"]
    assert recording.problem is None and recording.output_tail.endswith("lignes 3\n")
    assert [run.recipe.optimisation.epochs for run in recording.runs if run.recipe] == [2, 3]
