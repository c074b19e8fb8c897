"""Hand-ins: opened safely, signed, and searched for programs, without running any of them."""

from grader.submissions.caps import Caps, is_left_out
from grader.submissions.copying import copy_all
from grader.submissions.members import Member, opened
from grader.submissions.opening import open_submission

__all__ = ["Caps", "Member", "copy_all", "is_left_out", "open_submission", "opened"]
