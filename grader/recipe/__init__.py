"""The recipe of a network: captured from a live module, rebuilt under caps, drawn anew, fingerprinted.

`capture` runs inside the sandbox, everything else on the host. The record in between is
`grader.model.Network`: JSON over a list of layers, functions and
methods. Nothing from a hand-in ever becomes code here.
"""

from grader.recipe.capture import capture
from grader.recipe.digest import digest
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.recipe.values import NotExpressible

__all__ = ["NotExpressible", "capture", "digest", "initialise", "rebuild"]
