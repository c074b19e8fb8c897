"""The journal as a `Recording`, written whole at any moment of the program's life."""

from __future__ import annotations

import os

import msgspec

from grader.model import (
    EntryPoint,
    Loop,
    Loss,
    Optimisation,
    ParameterGroup,
    Pipeline,
    Place,
    Problem,
    Recipe,
    Recording,
    Run,
)
from grader.recorder.capture import write_whole
from grader.recorder.epochs import unmade
from grader.recorder.explaining import is_explained
from grader.recorder.glimpse import glimpse_of
from grader.recorder.journal import REAL_BATCHES, Journal, RootCall, TrainingRecord
from grader.recorder.own_batches import is_own
from grader.recorder.schedules import schedule_of
from grader.recorder.transforms import place_of
from grader.text import Text

_EVENTS = 64
_RUNS = 64
_FEW = 8
_CUT_OFF = ("time_limit", "killed")
"""Problems of a program that was still at work."""
_BYTES = 2_000_000


def write(out: str, recording: Recording) -> None:
    """Put `recording` at `out`/<entry id>.json in one step; of too many trainings the first are kept."""
    content = msgspec.json.encode(recording)
    if len(content) > _BYTES:
        content = msgspec.json.encode(msgspec.structs.replace(recording, runs=recording.runs[:_FEW]))
    write_whole(os.path.join(out, f"{recording.entry.id}.json"), content)


def recording_of(journal: Journal, entry: EntryPoint, problem: Problem | None, tail: str) -> Recording:
    """Return everything seen so far as one record."""
    runs = tuple(run_of(journal, run, entry.id, problem) for run in journal.runs[:_RUNS])
    if not runs and journal.by_hand:
        runs = (_by_hand(journal, entry.id),)
    return Recording(entry=entry, runs=runs, problem=problem, ageing=tuple(journal.ageing), output_tail=tail)


def run_of(journal: Journal, run: TrainingRecord, entry: str, problem: Problem | None = None) -> Run:
    """Return one training as a record, with its recipe where it has one; `problem` ended the program."""
    recipe, reason = None, run.reason
    evaluations = evaluations_of(journal, run)
    if reason is None:
        reason = _obstacle(journal, run)
    if reason is None and run.network is not None:
        recipe = _recipe(run, evaluations, unmade(journal, run))
    return Run(
        id=f"{entry}.{run.number}",
        recipe=recipe,
        unexpressed=None if recipe is not None else reason or _nothing(),
        glimpse=glimpse_of(run, _whole_side(journal)) if recipe is None else None,
        samples=run.samples if recipe is not None else None,
        places=_places(run, evaluations),
        events=_events(journal, run),
        printed=tuple(run.printed),
        cell=run.cell,
        signs=_signs(run) | _epochs_told(journal, run, problem) | _by_pixels(run, evaluations),
    )


def _whole_side(journal: Journal) -> int:
    """Return the side of the images of the program's data sets, 0 where there are none or several kinds."""
    sides = {one.dataset.kind.side for one in journal.images}
    return sides.pop() if len(sides) == 1 else 0


def _by_pixels(run: TrainingRecord, evaluations: list[RootCall]) -> dict[str, bool]:
    """Return whether transforms are told by what the network was fed, and not by their names."""
    calls = [*run.train_calls[:1], *_judged(evaluations)[:1]]
    told = any(call.drawn is not None and call.drawn.loader.before is not None for call in calls)
    return {"by_pixels": True} if told else {}


def _signs(run: TrainingRecord) -> dict[str, bool]:
    """Return what was seen of the loop beyond the recipe; only what is wrong is told."""
    signs = {} if run.propagates else {"propagates": False}
    for name in ("loss", "accuracy"):
        told = [(last, mean) for kind, last, mean in run.figures if kind == name]
        if any(last for last, _ in told) and not any(mean for _, mean in told):
            signs["last_batch_metrics"] = True
    return signs


def _epochs_told(journal: Journal, run: TrainingRecord, problem: Problem | None) -> dict[str, bool]:
    """Return whether the epochs are those planned and not those seen, or, of a training cut off, not known at all."""
    if unmade(journal, run):
        return {"epochs_planned": True}
    cut_off = problem is not None and problem.kind in _CUT_OFF and run is journal.current
    return {"epochs_unknown": True} if cut_off and run.told_at < len(run.passes) else {}


def evaluations_of(journal: Journal, run: TrainingRecord) -> list[RootCall]:
    """Return the calls of the run's network, on images of a pass that nothing learned from."""
    calls = [
        call
        for call in run.root.calls
        if not call.learned and call.drawn is not None and not call.drawn.trains
        if _is_told(journal, call)
    ]
    others = [one for one in journal.runs if one.root is run.root]
    if len(others) > 1:  # one network trained several times: each keeps what came after its own first pass
        events = sorted((one.passes[0].first_event, one.number) for one in others if one.passes)
        bounds = [event for event, number in events if number == run.number]
        later = [event for event, number in events if bounds and event > bounds[0]]
        end = later[0] if later else float("inf")
        calls = [one for one in calls if one.drawn and bounds and bounds[0] <= one.drawn.first_event < end]
    return calls


def _is_told(journal: Journal, call: RootCall) -> bool:
    """Whether it is known, of a call that nothing learns from, which images it looks at; it is found out here."""
    assert call.drawn is not None
    odd = bool(call.preprocessing) or call.drawn.loader.reason is not None
    return not (odd and not is_explained(journal, call) and is_own(call.drawn))


def _obstacle(journal: Journal, run: TrainingRecord) -> Text | None:
    """Return why the training cannot be told as a recipe, None when it can."""
    if not run.first.known:
        return Text(
            fr=f"l'optimiseur `{run.first.name[:60]}` n'est pas de torch.optim",
            en=f"the optimizer `{run.first.name[:60]}` is not one of torch.optim",
        )
    if run.continues is not None:
        return Text(
            fr=f"il part des poids appris par l'apprentissage n° {run.continues} du même programme",
            en=f"it starts from the weights that training no. {run.continues} of the same program learned",
        )
    call = next(iter(run.train_calls), None)
    if call is None:
        return Text(
            fr="aucune erreur n'est rétropropagée dans le réseau",
            en="no error is propagated back into the network",
        )
    if call.drawn is None:
        return Text(
            fr="les images ne viennent pas d'un DataLoader de torch sur un jeu de torchvision",
            en="the images do not come from a torch DataLoader over a data set of torchvision",
        )
    if (call.preprocessing or call.drawn.loader.reason is not None) and is_explained(journal, call):
        return None
    if call.preprocessing:
        names = ", ".join(call.preprocessing[:4])
        return Text(
            fr=f"les images sont modifiées entre le DataLoader et le réseau ({names})",
            en=f"the images are changed between the DataLoader and the network ({names})",
        )
    loader = call.drawn.loader
    whole = min(loader.batch_size or 0, loader.count or loader.batch_size or 0)
    if loader.reason is None and whole and call.input_shape[0] != whole:
        return Text(
            fr=f"un batch du DataLoader en compte {whole}, le réseau en apprend {call.input_shape[0]} à la fois",
            en=f"a batch of the DataLoader holds {whole}, the network learns from {call.input_shape[0]} at a time",
        )
    return loader.reason


def _nothing() -> Text:
    return Text(fr="l'apprentissage n'a pas commencé", en="the training did not begin")


def _recipe(run: TrainingRecord, evaluations: list[RootCall], unmade_epochs: int) -> Recipe | None:
    network, optimizer, drawn = run.network, run.first, run.train_calls[0].drawn
    if network is None or drawn is None:
        return None
    loss = run.loss
    groups = tuple(
        ParameterGroup(parameters=paths, options=options)
        for paths, options in zip(run.group_paths, optimizer.groups, strict=False)
    )
    return Recipe(
        network=network,
        data=_pipeline(run, evaluations),
        optimisation=Optimisation(
            loss=Loss(name=loss.name, arguments=loss.arguments, before=loss.before)  # type: ignore[arg-type]
            if loss is not None
            else Loss(name="other"),
            optimizer=optimizer.name,
            groups=groups,
            schedule=schedule_of(run),
            epochs=max(len(run.passes) + unmade_epochs, 1),
            clipping=run.clipping,
        ),
        loop=_loop(run, evaluations),
    )


def _pipeline(run: TrainingRecord, evaluations: list[RootCall]) -> Pipeline:
    train = run.train_calls[0].drawn
    assert train is not None
    judged = _judged(evaluations)
    other = judged[0].drawn if judged else None
    return Pipeline(
        dataset=train.loader.images[0].name if train.loader.images else "other",
        train=train.loader.transforms or (),
        evaluation=other.loader.transforms if other is not None else None,
        batch_size=train.loader.batch_size or run.train_calls[0].input_shape[0],
        evaluation_batch_size=other.loader.batch_size if other is not None else None,
        shuffle=train.loader.shuffle,
        drop_last=train.loader.drop_last,
    )


def _judged(evaluations: list[RootCall]) -> list[RootCall]:
    """Return the evaluations on test images where there are any, else all of them."""
    on_test = [call for call in evaluations if call.drawn is not None and call.drawn.loader.split == "test"]
    return on_test or evaluations


def _loop(run: TrainingRecord, evaluations: list[RootCall]) -> Loop:
    judged = _judged(evaluations)
    splits = [
        one.drawn.loader.split for one in evaluations if one.drawn is not None and one.drawn.loader.images
    ]
    trained = [call.drawn.loader.split for call in run.train_calls if call.drawn is not None]
    return Loop(
        clears_gradients=all(run.cleared),
        trains_in_train_mode=all(run.modes),
        evaluates_in_eval_mode=all(not call.training for call in judged) if judged else None,
        evaluates_without_gradients=all(not call.gradients for call in judged) if judged else None,
        trains_on_test_images="test" in trained,
        evaluates_on_test_images="test" in splits if splits else None,
        steps_per_batch=_steps_per_batch(run),
        untrained=run.untrained,
    )


def _steps_per_batch(run: TrainingRecord) -> float:
    """Return optimizer steps per training batch; 1 where the program was cut off before it could step."""
    stepped = [one for one in run.passes if one.steps and one.stepped_after]
    if stepped:  # counted within passes: what comes after a pass's last step may have been cut off
        return round(sum(one.steps for one in stepped) / sum(one.stepped_after for one in stepped), 6)
    if run.steps:
        return round(run.steps / max(run.batches_stepped, 1), 4)
    return 0.0 if any(one.finished for one in run.passes) or run.batches >= REAL_BATCHES else 1.0


def _places(run: TrainingRecord, evaluations: list[RootCall]) -> dict[str, Place]:
    drawn = run.train_calls[0].drawn if run.train_calls else None
    other = _judged(evaluations)[0].drawn if evaluations else None
    optimizer = run.first
    found: dict[str, Place | None] = {
        "network": run.root.place,
        "optimizer": optimizer.place,
        "scheduler": optimizer.schedulers[0].place if optimizer.schedulers else None,
        "loss": run.loss.place if run.loss is not None else None,
        "training_loop": drawn.place if drawn is not None else None,
        "evaluation_loop": other.place if other is not None else None,
        "train_loader": drawn.loader.place if drawn is not None else None,
    }
    for name, one in (("train_transforms", drawn), ("evaluation_transforms", other)):
        if one is not None and one.loader.images:
            images = one.loader.images[0]
            found[name.replace("transforms", "images")] = images.place
            found[name] = place_of(images.dataset.transform) or images.place
    return {name: place for name, place in found.items() if place is not None} | run.lines


def _events(journal: Journal, run: TrainingRecord) -> tuple[str, ...]:
    """Return the calls of the second epoch in order, repetitions shortened to one."""
    if not run.passes:
        return ()
    second = run.passes[min(1, len(run.passes) - 1)]
    start = second.first_event
    end = run.passes[2].first_event if len(run.passes) > 2 else len(journal.events)
    return tuple(journal.events[start:end][:_EVENTS])


def _by_hand(journal: Journal, entry: str) -> Run:
    root = journal.by_hand[0].root
    return Run(
        id=f"{entry}.1",
        recipe=None,
        unexpressed=Text(
            fr="le réseau est dérivé mais aucun optimiseur de torch.optim ne tient ses poids",
            en="the network is differentiated but no optimizer of torch.optim holds its weights",
        ),
        places={"network": root.place} if root.place is not None else {},
        printed=tuple(journal.early_printed),
    )
