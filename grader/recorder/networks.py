"""Whole networks: their calls are noted, and answered from memory once a training has been seen."""

from __future__ import annotations

import copy
import functools
import weakref
from collections.abc import Callable
from time import monotonic
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from grader.model import Place
from grader.recorder.epochs import unmade
from grader.recorder.explaining import keep
from grader.recorder.improving import improve
from grader.recorder.initial import Initial, Pretrained
from grader.recorder.journal import REAL_EPOCHS, Journal, Root, RootCall, parameters_of
from grader.recorder.own_batches import is_own, pass_of
from grader.recorder.part_batches import LARGE, PART, detached, leaves_behind, part_will_do, repeat, spread
from grader.recorder.places import Places
from grader.recorder.trail import Trail, foremost, tag, tensors_in

_MEASURED = 8
"""Batches of a pass whose accuracy is noted."""
_SLOW_S = 4.0
"""A forward pass longer than this makes passes end after one batch."""


class Networks:
    """Stands before `nn.Module.__call__` and knows where each module was built."""

    def __init__(self, journal: Journal, places: Places, initial: Initial) -> None:
        self.journal, self.places, self.initial = journal, places, initial
        self._built: dict[int, tuple[weakref.ref[nn.Module], Place | None]] = {}
        self._forwards: set[type] = set()
        self._original: Callable[..., Any] = nn.Module.__call__

    def install(self) -> None:
        """Replace the entries of nn.Module by ones that note."""
        networks, original_init = self, nn.Module.__init__
        original_load = nn.Module.load_state_dict

        def __init__(self: nn.Module, *args: Any, **kwargs: Any) -> None:
            original_init(self, *args, **kwargs)
            networks._watch_forward(type(self))
            if not networks.journal.paused:
                networks._built[id(self)] = (weakref.ref(self), networks.places.here(outside="__init__"))

        def __call__(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return networks.call(self, args, kwargs)

        def load_state_dict(self: nn.Module, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(state_dict, Pretrained):
                networks.initial.forget(self)
                return nn.modules.module._IncompatibleKeys([], [])
            return original_load(self, state_dict, *args, **kwargs)

        nn.Module.__init__ = __init__  # type: ignore[method-assign]
        nn.Module.__call__ = __call__  # type: ignore[method-assign]
        nn.Module.load_state_dict = load_state_dict  # type: ignore[method-assign]

    def _watch_forward(self, kind: Any) -> None:
        """Make `net.forward(x)`, called instead of `net(x)`, count as a call of the network."""
        original = vars(kind).get("forward")
        if (
            original is None
            or kind in self._forwards
            or kind.__module__.startswith(("torch.", "torchvision."))
        ):
            return
        self._forwards.add(kind)
        networks = self

        @functools.wraps(original)
        def forward(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if networks.journal.paused or networks.journal.depth or next(self.parameters(), None) is None:
                return original(self, *args, **kwargs)
            return networks.call(self, args, kwargs)

        kind.forward = forward

    def built_at(self, module: nn.Module) -> Place | None:
        """Return the line that built `module`."""
        reference, place = self._built.get(id(module), (None, None))
        return place if reference is not None and reference() is module else None

    def call(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what `module` gives; note the call when it is a network called as a whole."""
        journal = self.journal
        if journal.paused or journal.depth or next(module.parameters(), None) is None:
            return self._original(module, *args, **kwargs)
        images = next((one for one in (*args, *kwargs.values()) if isinstance(one, torch.Tensor)), None)
        if images is None:
            return self._inside(module, args, kwargs)
        if any(is_lazy(parameter) for parameter in module.parameters()):
            self._dry_run(module, args, kwargs)
        root, call = self._note(module, images, (*args, *kwargs.values()))
        cached = root.cached.get(call.training) if call.fast else None
        if cached is not None:
            result = repeat(cached, len(images), call.gradients)
            self._improve(result, call)
        else:
            call.fast = False
            result = self._really(module, args, kwargs, images, call)
            root.cached[call.training] = detached(result)
            if journal.real is not None:
                journal.real.evaluated(call, result)
        first = next(tensors_in(result), None)
        call.output_dims = first.dim() if first is not None else 0
        if first is not None:
            self._measure(first, call)
        tag(result, Trail("output", drawn=call.drawn, call=call))
        return result

    def _improve(self, result: Any, call: RootCall) -> None:
        """Make repeated outputs better than those of the epoch before."""
        run, drawn = call.root.run, call.drawn
        if run is None or drawn is None or drawn.labels is None or self.journal.real is not None:
            return
        epoch = len(run.passes) - REAL_EPOCHS + 1
        missing = unmade(self.journal, run)
        with self.journal.pause():
            improve(result, drawn.labels, max(epoch, 1), len(run.passes) + missing if missing else 0)

    def _measure(self, output: torch.Tensor, call: RootCall) -> None:
        """Note the accuracy of the batch, for as long as figures are compared with it."""
        drawn = call.drawn
        if drawn is None or drawn.labels is None or len(drawn.accuracies) >= _MEASURED:
            return
        if output.dim() == 2 and len(output) == len(drawn.labels):
            with self.journal.pause(), torch.no_grad():
                right = (output.detach().argmax(1) == drawn.labels).float().mean()
            drawn.accuracies.append(100.0 * float(right))

    def _dry_run(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Have lazy layers draw their weights, as their first call does, and leave all else as it was."""
        modes = [(part, part.training) for part in module.modules()]
        try:
            module.eval()
            with torch.no_grad():
                self._inside(module, args, kwargs)
        finally:
            for part, mode in modes:
                part.training = mode

    def _note(
        self, module: nn.Module, images: torch.Tensor, values: tuple[Any, ...]
    ) -> tuple[Root, RootCall]:
        """Record the call that is about to happen."""
        journal = self.journal
        whole = module.module if isinstance(module, nn.DataParallel) else module
        root = journal.root_of(whole)
        if root is None:
            root = Root(whole, self._copy(whole), self.built_at(whole), parameters_of(whole))
            journal.roots.append(root)
        trail = foremost(values)
        drawn = trail.drawn if trail is not None and trail.kind in ("image", "output") else None
        drawn = pass_of(journal, root, drawn, images)
        gradients = torch.is_grad_enabled() and not (trail is not None and trail.volatile)
        over = drawn is not None and is_own(drawn) and drawn.finished
        fast = root.run is not None and (over or not root.run.watched(drawn))
        preprocessing = trail.ops if trail is not None and trail.kind == "image" else ()
        if trail is not None and trail.kind == "output" and trail.call is not None:
            preprocessing = (type(trail.call.root.module).__name__, *trail.ops)
        preprocessing = () if is_own(drawn) else preprocessing
        call = RootCall(root, module.training, gradients, drawn, tuple(images.shape), preprocessing, fast)
        keep(journal, call, images)
        if trail is not None and trail.kind == "image":
            call.positions = trail.positions
        if len(root.calls) < 2_000:
            root.calls.append(call)
        else:
            root.calls[-1] = call
        journal.event("forward" if module.training else "forward_eval")
        return root, call

    def _copy(self, module: nn.Module) -> nn.Module | None:
        with self.journal.pause():
            try:
                return copy.deepcopy(module)
            except (RuntimeError, TypeError, ValueError, AttributeError, RecursionError):
                # It holds something that cannot be copied (a lazy layer, say); the live network must do.
                return None

    def _really(
        self,
        module: nn.Module,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        images: torch.Tensor,
        call: RootCall,
    ) -> Any:
        """Compute the network; of a large batch only the first images, repeated, where that tells all."""
        if self.journal.real is not None or len(images) <= LARGE or len(args) != 1:
            return self._inside(module, args, kwargs)
        learns = call.training or call.gradients
        if not part_will_do(call.root, len(images), learns=learns):
            return self._inside(module, args, kwargs)
        result = self._inside(module, (images[:PART],), kwargs)
        single = isinstance(result, torch.Tensor) and result.dim() and len(result) == PART
        if leaves_behind(call.root.module, PART) or (learns and not single):
            return self._inside(module, args, kwargs)
        if not learns:
            return repeat(detached(result), len(images), False)
        with self.journal.pause():
            return spread(result, len(images))

    def _inside(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.journal.depth += 1
        begun = monotonic()
        try:
            return self._original(module, *args, **kwargs)
        finally:
            self.journal.depth -= 1
            self.journal.slow |= monotonic() - begun > _SLOW_S
