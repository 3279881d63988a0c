"""A program as a `torch.nn.Module`: its holes are parameters, its generated source is `forward`.

In: a graph, its holes, the types of its parameters and result. Out: a module that is called
with crisp or soft inputs of any leading axes and gives soft outputs.
"""

from __future__ import annotations

import hashlib
import linecache
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from diffprog.errors import fail
from diffprog.soft.choices import Choices
from diffprog.soft.inputs import Encoder, gathered, leaves
from diffprog.soft.torchgen import generate
from diffprog.soft.watching import CALLS, Recorder
from diffprog.types import trail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diffprog.errors import Diagnostic
    from diffprog.ir.graph import Graph
    from diffprog.lang.typed import Hole
    from diffprog.soft.torchgen import Generated
    from diffprog.soft.watching import Record
    from diffprog.types import Type

KINDS = ("unfinished", "undefined", "costs")
"""What a call reports: each a dict from a line of the program to one number a row."""


class SoftProgram(Choices):
    """A differentiable program.

    Attributes:
        source: the generated file; it runs without diffprog.
        temperature: T of the relaxed operations; a number or a tensor without axes. 0 is the
            crisp side.
        choice_temperature: T of the holes' softmax.
        ties: whether comparisons have the right limit where their sides are equal.
        epsilon: the weight below which a row's loop is taken to have halted.
        report: of the last call, `unfinished`, `undefined` and `costs`, by line.
    """

    _function: Callable[..., tuple[Tensor, ...]]
    _constants: dict[str, Tensor]

    def __init__(
        self,
        graph: Graph,
        holes: Mapping[str, Hole],
        params: Sequence[tuple[str, Type]],
        result: Type,
        *,
        restarts: int | None = None,
        name: str = "program",
        nets: Mapping[str, nn.Module] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(holes, restarts)
        self.graph, self.params, self.result, self.name = graph, tuple(params), result, name
        self._own_axes = tuple(trail(leaf) for _, t in params for leaf in leaves(t))
        self.nets = nn.ModuleDict(dict(nets or {}))
        self.temperature: float | Tensor = 1.0
        self.choice_temperature: float | Tensor = 1.0
        self.ties = True
        self.epsilon: float | Tensor = 0.0
        self.report: dict[str, dict[int, Tensor]] = {kind: {} for kind in KINDS}
        self.generated = generate(graph, name)
        self._load()
        self.reset(seed)

    @property
    def source(self) -> str:
        """The generated file."""
        return self.generated.source

    @property
    def costs(self) -> dict[int, Tensor]:
        """The ponder costs of the last call, by line; they carry gradients."""
        return self.report["costs"]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program on inputs in the order of its parameters, or by name.

        Args:
            args: for each parameter a LongTensor or BoolTensor of crisp values, a floating
                tensor of distributions
                (or reals), or nested lists; leading axes are free and broadcast.
            kwargs: the same by name.

        Raises:
            DiffprogError: DP603 for a missing or unknown input, DP604 for a wrong one.
        """
        tensors = self.encode(*args, **kwargs)
        if torch.is_autocast_enabled(self.like.device.type):
            # Mixtures and halting sums want full precision: half of it loses mass.
            with torch.autocast(self.like.device.type, enabled=False):
                return self.run(tensors)
        return self.run(tensors)

    def run(self, tensors: Sequence[Tensor], logits: Mapping[str, Tensor] | None = None) -> Any:
        """Run the program on encoded inputs, with other logits than its own where given."""
        own = self._own_axes
        lead = max([0, *(x.dim() - n for x, n in zip(tensors, own, strict=True))])
        report: dict[str, dict[int, Tensor]] = {kind: {} for kind in KINDS}
        outputs = self._function(
            *tensors,
            holes=self.logits(lead) if logits is None else logits,
            constants=self._constants,
            nets=self.nets,
            T=self.temperature,
            choice_T=self.choice_temperature,
            ties=self.ties,
            epsilon=self.epsilon,
            like=self.like,
            report=report,
        )
        if not torch.compiler.is_exporting():
            self.report = report
        return gathered(self.result, iter(outputs))

    def encode(self, *args: Any, **kwargs: Any) -> list[Tensor]:
        """Return inputs as soft tensors, one for each scalar or array of the parameters.

        Raises:
            DiffprogError: DP603 for a missing or unknown input, DP604 for a wrong one.
        """
        given = self._named(args, kwargs)
        spans = {p.name: p.span for p in self.graph.params}
        first = next(iter(spans.values()), None)
        return [
            x
            for name, t in self.params
            for x in Encoder(name, spans.get(name, first), self.like).encode(given[name], t)
        ]

    def find_nan(self, *args: Any, **kwargs: Any) -> Diagnostic | None:
        """Run the program and return the first operation that gives a number that is not finite.

        Where there is none, the last whose result has a gradient that is not finite.
        """
        from diffprog.soft.findings import Inspector, NotFiniteError

        generated, inspector = generate(self.graph, self.name, inspect=True), Inspector(self.graph)
        try:
            with torch.enable_grad():
                found = self._watched(generated, {"inspect": inspector}, args, kwargs)
                inspector.backward(found)
        except NotFiniteError as problem:
            return problem.diagnostic
        finally:
            self.zero_grad(set_to_none=True)
        return None

    def trace(self, *args: Any, **kwargs: Any) -> tuple[Any, tuple[Record, ...]]:
        """Run the program once, more slowly, and watch what it does.

        Returns:
            The answer, and for each moment what memory held, where was read and written, what
            branches and loops weighed; of leading axes the first row.
        """
        labels = {key: hole.labels for key, hole in self.hole_types.items() if hole.labels}
        generated, recorder = generate(self.graph, self.name, tracing=labels), Recorder()
        hooks = {name: getattr(recorder, name) for name in CALLS}
        with torch.no_grad():
            answer = self._watched(generated, hooks, args, kwargs)
        return answer, tuple(recorder.records)

    def _watched(
        self,
        generated: Generated,
        hooks: Mapping[str, Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Run other source than the module's own, with hooks that it calls."""
        function = compiled(generated.source, self.name)[generated.entry]
        function.__globals__.update(hooks)
        own, constants = self._function, self._constants
        made = function.__globals__["make_constants"](self.like)
        self._function, self._constants = function, made
        try:
            return self(*args, **kwargs)
        finally:
            self._function, self._constants = own, constants

    def _named(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        names = [name for name, _ in self.params]
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        if len(args) > len(names) or len(given) < len(args) + len(kwargs):
            fail(
                "DP603",
                f"`{self.name}` takes {len(names)} inputs: {', '.join(names) or 'none'}",
            )
        for name in names:
            if name not in given:
                fail("DP603", f"the input `{name}` is missing")
        for name in given:
            if name not in names:
                fail(
                    "DP603",
                    f"`{self.name}` has no input `{name}`",
                    hint=f"it takes {', '.join(names)}",
                )
        return given

    # --- what is made from the source again: after a copy, a move, a change of precision

    def _load(self) -> None:
        namespace = compiled(self.generated.source, self.name)
        self._function = namespace[self.generated.entry]
        self._constants = namespace["make_constants"](self.like)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> SoftProgram:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._constants = self._function.__globals__["make_constants"](self.like)
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled.

        The source stands for the function, and the last report stays here.
        """
        state = dict(self.__dict__)
        for made in ("_function", "_constants"):
            del state[made]
        return {**state, "report": {kind: {} for kind in KINDS}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled and make the function again."""
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._load()


def compiled(source: str, name: str) -> dict[str, Any]:
    """Return the names of a generated file; tracebacks through it show its lines.

    The file stands among the loaded modules, where `torch.compile` looks for it; equal files are
    one module.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    title, filename = f"diffprog_{name}_{digest}", f"<diffprog {name} {digest}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    if title not in sys.modules:
        made = ModuleType(title)
        exec(compile(source, filename, "exec"), vars(made))  # the text is our own
        sys.modules[title] = made
    return vars(sys.modules[title])
