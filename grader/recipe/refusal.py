"""The one way in which this room refuses a recorded network."""

from __future__ import annotations

from grader.errors import RecordingInvalid


def refusal(*, fr: str, en: str) -> RecordingInvalid:
    """Return the error that says the recorded network is not believed, with the reason in both languages."""
    return RecordingInvalid(
        fr=f"Le réseau enregistré n'est pas utilisable : {fr}.",
        en=f"The recorded network cannot be used: {en}.",
    )
