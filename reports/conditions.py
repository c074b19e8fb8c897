"""Under what conditions the figures were made, told so that they can be made again."""

from __future__ import annotations

from collections.abc import Iterable

from grader.model import Conditions, Language, Result, Submission
from reports.cleaning import clean_line
from reports.formatting import NO_BREAK
from reports.phrases import say

_KNOWN_DATA = {"cifar10": "CIFAR-10", "mnist": "MNIST"}
_MOST_VERSIONS = 8


def data_name(data: str, language: Language) -> str:
    """Return the name of a data set as a reader knows it."""
    if data in ("synthetic", "none"):
        return say("synthetic" if data == "synthetic" else "no_data", language)
    return _KNOWN_DATA.get(data, clean_line(data, 60))


def data_phrase(conditions: Conditions, language: Language) -> str:
    """Return data, budget, device, precision and seed in one phrase, or that nothing was trained."""
    if conditions.data == "none":
        return f"{data_name('none', language)}, budget {clean_line(conditions.budget, 20)}".capitalize()
    words = (
        data_name(conditions.data, language),
        f"budget {clean_line(conditions.budget, 20)}",
        f"{clean_line(conditions.device, 30)} {clean_line(conditions.precision, 10)}".removesuffix(
            " -"
        ).strip(),
        f"{say('seed', language).lower()} {conditions.seed}",
    )
    phrase = ", ".join(word for word in words if word)
    return phrase[:1].upper() + phrase[1:]


def isolation_phrase(conditions: Conditions, language: Language) -> str:
    """Return what kept the programs apart, in one phrase."""
    alone = conditions.sandbox == "none"
    sandbox = say("no_isolation", language) if alone else clean_line(conditions.sandbox, 40)
    return f"{say('isolation', language).lower()} {sandbox}"


def condition_rows(result: Result, language: Language) -> tuple[tuple[str, str], ...]:
    """Return label and value of everything that a reader needs to get the same result again."""
    conditions = result.conditions
    mechanisms = ", ".join(_grouped(clean_line(name, 40) for name in conditions.mechanisms[:12]))
    sandbox = say("no_isolation", language) if conditions.sandbox == "none" else conditions.sandbox
    versions = list(conditions.versions.items())[:_MOST_VERSIONS]
    submission = result.submission
    return (
        (say("data", language), data_name(conditions.data, language)),
        (say("budget", language), clean_line(conditions.budget, 40)),
        (
            say("device", language),
            f"{clean_line(conditions.device, 60)}, {clean_line(conditions.precision, 20)}".removesuffix(
                ", -"
            ),
        ),
        (say("seed", language), str(conditions.seed)),
        (say("isolation", language), clean_line(sandbox, 40) + (f" ({mechanisms})" if mechanisms else "")),
        (
            say("versions", language),
            ", ".join(
                f"{clean_line(name, 24)}{NO_BREAK}{clean_line(version, 24)}" for name, version in versions
            )
            or "–",
        ),
        (
            say("submission", language),
            f"{clean_line(submission.name, 60)} · " + _files(submission, language),
        ),
    )


def _files(submission: Submission, language: Language) -> str:
    count, digest = len(submission.files), clean_line(submission.digest[:12], 12)
    return say("one_file" if count == 1 else "files", language, n=str(count), digest=digest)


def _grouped(names: Iterable[str]) -> list[str]:
    """Return `names`, those of a family told together: `namespace:pid` and `namespace:net` as `namespace pid+net`."""
    families: dict[str, list[str]] = {}
    for name in names:
        family, _, kind = name.partition(":")
        families.setdefault(family, []).append(kind)
    return [f"{family} {'+'.join(kinds)}".strip() for family, kinds in families.items()]
