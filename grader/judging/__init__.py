"""A second opinion on answers that a person has to decide, from any endpoint that speaks OpenAI's chat format.

Off unless it is asked for. Answers are sent as data inside JSON, what comes back is held to a form, and whatever it
says it is a proposal to the teacher: no points are ever given for it.
"""

from grader.judging.asking import ask
from grader.judging.endpoint import Endpoint, NoOpinion, endpoint

__all__ = ["Endpoint", "NoOpinion", "ask", "endpoint"]
