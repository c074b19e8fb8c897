"""The nouns of the grader: frozen records that every step takes and gives, written as JSON.

Told in the order in which a hand-in meets them: a coursework (`Assignment`), what was handed in
(`Submission`), what its programs did (`Recording`, holding a `Recipe` per training), what our own
engine measured (`Training`), what was written (`Answers`), what was found (`Verdict`), what it
is worth (`Mark`) and the whole (`Result`). Nothing here computes; nothing here imports torch.
"""

from grader.model.coursework import Assignment, Budget, Question, Stage, StageComparison
from grader.model.curve import CurvePoint, Seen, StudentCurve
from grader.model.outcome import Outcome
from grader.model.recipe import (
    Call,
    Graph,
    Loop,
    Loss,
    Network,
    Node,
    Optimisation,
    Parameter,
    ParameterGroup,
    Pipeline,
    Recipe,
    Schedule,
)
from grader.model.recording import (
    Examination,
    Fact,
    Glimpse,
    Layer,
    Metric,
    Recording,
    Recordings,
    Run,
    SandboxRecord,
    StageMatch,
)
from grader.model.result import (
    Answer,
    Answers,
    Conditions,
    Judgement,
    Mark,
    Opinion,
    Override,
    Result,
    StageResult,
    Total,
    Verdict,
)
from grader.model.submission import VARIANTS, EntryPoint, FileEntry, Place, Problem, Submission
from grader.model.training import (
    Band,
    Comparison,
    EpochPoint,
    Quantity,
    ReferenceModel,
    Training,
    TrainingConditions,
)
from grader.text import Language, Text

__all__ = [
    "Answer", "Answers", "Assignment", "Band", "Budget", "Call", "Comparison", "Conditions", "CurvePoint",
    "EntryPoint", "EpochPoint", "Examination", "Fact", "FileEntry", "Glimpse", "Graph", "Judgement", "Language",
    "Layer", "Loop", "Loss", "Mark", "Metric", "Network", "Node", "Opinion", "Optimisation", "Outcome",
    "Override", "Parameter", "ParameterGroup", "Pipeline", "Place", "Problem", "Quantity", "Question", "Recipe",
    "Recording", "Recordings", "ReferenceModel", "Result", "Run", "SandboxRecord", "Schedule", "Seen", "Stage",
    "StageComparison", "StageMatch", "StageResult", "StudentCurve", "Submission", "Text", "Total", "Training",
    "TrainingConditions", "VARIANTS", "Verdict",
]  # fmt: skip
