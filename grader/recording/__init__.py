"""The host's side of recording: launch the recorder, believe nothing it left until checked, match stages.

No torch here: networks are rebuilt by `python -m grader.recipe`, in a process with capped memory.
"""

from grader.recording.ingredients import ingredients
from grader.recording.launch import record
from grader.recording.matching import equals, match_stages
from grader.recording.program_training import ProgramOrder, ProgramOutputs, train_programs
from grader.recording.source import facts
from grader.recording.telling import remarks
from grader.recording.validate import parse_recording

__all__ = [
    "ProgramOrder", "ProgramOutputs", "equals", "facts", "ingredients", "match_stages", "parse_recording", "record",
    "remarks", "train_programs",
]  # fmt: skip
