"""Hand-ins: opened safely, signed, and searched for programs, without running any of them."""

from grader.submissions.caps import Caps
from grader.submissions.opening import open_submission

__all__ = ["Caps", "open_submission"]
