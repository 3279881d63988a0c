"""A program as a `torch.nn.Module`: its holes are parameters, its generated source is `forward`.

In: a graph, its holes, the types of its parameters and result. Out: a module that is called
with crisp or soft inputs of any leading axes and gives soft outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from diffprog.soft import watched
from diffprog.soft.choices import sizes
from diffprog.soft.fused import Fused, constants_of, fused
from diffprog.soft.inputs import gathered, leaves
from diffprog.soft.learned import Learned
from diffprog.soft.outcomes import averaged, has_outcomes, outcomes_of
from diffprog.soft.ragged import Part, joined, nothing, parts, reports, together
from diffprog.soft.signature import Signature
from diffprog.soft.sources import compiled
from diffprog.soft.torchgen import generate
from diffprog.types import Tuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diffprog.errors import Diagnostic
    from diffprog.ir.graph import Graph
    from diffprog.lang.typed import Hole, Net
    from diffprog.soft.outcomes import Outcomes
    from diffprog.soft.ragged import Bindings, Sizes
    from diffprog.soft.torchgen import Generated
    from diffprog.trace import TraceStep
    from diffprog.types import Type

SETTINGS = ("temperature", "choice_temperature", "ties", "epsilon", "training")
"""What a module is set to, besides its weights: the same at all sizes."""


class SoftProgram(Learned):
    """A differentiable program.

    Attributes:
        source: the generated file; it runs without diffprog.
        temperature: T of the relaxed operations; a number or a tensor without axes. 0 is the
            crisp side.
        choice_temperature: T of the holes' softmax.
        ties: whether comparisons have the right limit where their sides are equal.
        epsilon: the weight below which a row's loop is taken to have halted.
        report: of the last call, `unfinished`, `undefined` and `costs`, by line; of these only
            costs carry gradients.
    """

    _function: Callable[..., tuple[Tensor, ...]]
    _constants: dict[str, Tensor] | None
    _stepwise: tuple[Callable[..., Any], dict[str, Tensor] | None] | None

    def __init__(
        self,
        graph: Graph,
        holes: Mapping[str, Hole],
        params: Sequence[tuple[str, Type]],
        result: Type,
        *,
        restarts: int | None = None,
        name: str = "program",
        nets: Mapping[str, Net] | None = None,
        externs: Mapping[str, nn.Module] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(holes, nets or {}, externs or {}, restarts)
        self.graph, self.params, self.result, self.name = graph, tuple(params), result, name
        self.signature = Signature(name, params, {p.name: p.span for p in graph.params})
        self._networked = bool(nets)
        self._is_flat = isinstance(result, Tuple) and leaves(result) == list(result.items)
        self.temperature: float | Tensor = 1.0
        self.choice_temperature: float | Tensor = 1.0
        self.ties = True
        self.epsilon: float | Tensor = 0.0
        self.report = nothing()
        self.generated = generate(graph, name)
        self.bindings: Bindings[SoftProgram] | None = None
        self._others: dict[Sizes, SoftProgram] = {}
        self._load()
        self.reset(seed)

    @property
    def source(self) -> str:
        """The generated file."""
        return self.generated.source

    @property
    def backend(self) -> str:
        """What runs the program: `torch`, its source; `compile`, that compiled; `native`, C."""
        return str(getattr(self._function, "backend", "torch"))

    def extra_repr(self) -> str:
        """Return the module's name and backend, and a line for each choice."""
        return f"{self.name}, backend={self.backend}\n{super().extra_repr()}"

    @property
    def costs(self) -> dict[int, Tensor]:
        """The ponder costs of the last call, by line; they carry gradients."""
        return self.report["costs"]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program on inputs in the order of its parameters, or by name.

        Args:
            args: for each parameter a LongTensor or BoolTensor of crisp values, a floating
                tensor of distributions (or reals), or nested lists; leading axes are free and
                broadcast. Or a list of rows of different sizes: each runs at its own sizes.
            kwargs: the same by name; or one mapping for all.

        Returns:
            A tensor for each scalar or array of the result; where rows have results of different
            shapes, a list of their tensors.

        Raises:
            DiffprogError: DP603 for a missing or unknown input, DP604 for a wrong one, DP420 for
                sizes that learning fixed.
        """
        if (tensors := self.signature.ready(args, kwargs, self.like)) is not None:
            return self.run(tensors)
        found = self._parts(args, kwargs)
        answers = [part.module.run(part.module.encode(**part.inputs)) for part in found]
        if len(found) == 1:
            self.report = found[0].module.report
            return answers[0]
        self.report = reports(found)
        return together(answers, found, self.result)

    def _parts(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Part[SoftProgram]]:
        given = self.signature.named(args, kwargs)
        if self.bindings is None:
            return [Part(self, given)]
        return parts(self, given, self._at)

    def _at(self, shapes: Mapping[str, object]) -> SoftProgram:
        """Return the program at the sizes of a row: this module, or another of its weights."""
        assert self.bindings is not None
        sizes = self.bindings.sizes(shapes)
        if sizes not in self._others:
            self._others[sizes] = self.bindings.module(sizes)._with_weights_of(self)
        other = self._others[sizes]
        for name in SETTINGS:
            setattr(other, name, getattr(self, name))
        return other

    def outcomes(self, *args: Any, **kwargs: Any) -> Outcomes:
        """Run the program and return its outcomes: alternatives on the first axis, with weights.

        A loop `by ponder` at the program's top level gives one a step, and what follows it is
        computed for each. Other programs have one outcome. Inputs are as for `forward`; what is
        reported is the mean over the outcomes.
        """
        found = self._parts(args, kwargs)
        every = [part.module.alternatives(part.module.encode(**part.inputs)) for part in found]
        self.report = found[0].module.report if len(found) == 1 else reports(found)
        return every[0] if len(found) == 1 else joined(every, found, self.result)

    def run(
        self,
        tensors: Sequence[Tensor],
        logits: Mapping[str, Tensor] | None = None,
        weights: Mapping[str, Tensor] | None = None,
    ) -> Any:
        """Run the program on encoded inputs, with other logits than its own where given.

        Or with other weights: then no logits are read.
        """
        settings: dict[str, Any] = {"choice_T": self.choice_temperature}
        holes = logits
        if weights is not None:
            holes, settings = weights, {"choice_T": None}
        elif holes is None:
            lead = 0 if self.restarts is None else self.signature.lead(tensors)
            if isinstance(self._function, Fused):  # there it costs nothing
                settings["lead"], lead = lead, 0
            holes = self.logits(lead)
        outputs = self._ran(self._function, self._constants, tensors, holes, **settings)
        if not isinstance(self.result, Tuple):
            return outputs[0]
        return outputs if self._is_flat else gathered(self.result, iter(outputs))

    def alternatives(
        self, tensors: Sequence[Tensor], logits: Mapping[str, Tensor] | None = None
    ) -> Outcomes:
        """Return the outcomes on encoded inputs, with other logits than its own where given."""
        lead = self.signature.lead(tensors)
        holes = self.logits(lead) if logits is None else logits
        lead = max([lead, *(x.dim() - len(sizes(self.hole_types[k])) for k, x in holes.items())])
        if self.restarts is not None:  # networks have them too
            lead = max(lead, self.signature.lead(tensors) + 1)
        if not has_outcomes(self.graph):
            found = self._ran(self._function, self._constants, tensors, holes)
            return outcomes_of(self.result, [self.like.new_ones((1,) * (lead + 1))], found, lead)
        if self._stepwise is None:
            self._stepwise = self._loaded(generate(self.graph, self.name, outcomes=True))
        steps, *found = self._ran(*self._stepwise, tensors, holes, lead=lead)
        self.report = averaged(self.report, steps, lead)
        return outcomes_of(self.result, steps, found, lead)

    def _ran(
        self,
        function: Callable[..., Any],
        constants: Mapping[str, Tensor] | None,
        tensors: Sequence[Tensor],
        holes: Mapping[str, Tensor],
        **settings: Any,
    ) -> Any:
        """Run a generated function, and keep what it reports."""
        like, report, nets = self.like, nothing(), {}
        if self._networked:
            lead = 0 if self.restarts is None else self.signature.lead(tensors)
            nets = self.calls(lead)
        given = {
            "holes": holes, "constants": constants, "like": like, "report": report, "nets": nets,
            "T": self.temperature, "choice_T": self.choice_temperature, "ties": self.ties,
            "epsilon": self.epsilon, **settings,
        }  # fmt: skip
        if not torch.compiler.is_exporting():
            # The last one goes, and the graph that it holds. Past a module's own search for
            # parameters in what is set.
            self.__dict__["report"] = report
        # Mixtures and halting sums want full precision: half of it loses mass.
        device = "cpu" if like.is_cpu else like.device.type
        if torch.is_autocast_enabled(device):
            with torch.autocast(device, enabled=False):
                return function(*tensors, **given)
        return function(*tensors, **given)

    def encode(self, *args: Any, **kwargs: Any) -> list[Tensor]:
        """Return inputs as soft tensors, one for each scalar or array of the parameters.

        Raises:
            DiffprogError: DP603 for a missing or unknown input, DP604 for a wrong one.
        """
        return self.signature.encode(self.signature.named(args, kwargs), self.like)

    def find_nan(self, *args: Any, **kwargs: Any) -> Diagnostic | None:
        """Run the program and return the first operation that gives a number that is not finite.

        Where there is none, the last whose result has a gradient that is not finite.
        """
        found = (watched.nan(part.module, part.inputs) for part in self._parts(args, kwargs))
        return next((d for d in found if d is not None), None)

    def trace(self, *args: Any, **kwargs: Any) -> tuple[Any, tuple[TraceStep, ...]]:
        """Run the program once, more slowly, and watch what it does.

        Returns:
            The answer, and for each moment what memory held, where was read and written, what
            branches and loops weighed; of leading axes the first row.
        """
        first = self._parts(args, kwargs)[0]
        return watched.traced(first.module, first.inputs)

    def _load(self) -> None:
        self._function, self._constants = self._loaded(self.generated)
        self._stepwise = None

    def _loaded(self, generated: Generated) -> tuple[Callable[..., Any], dict[str, Tensor] | None]:
        namespace = compiled(generated.source, self.name)
        function = fused(namespace[generated.entry], generated.whole, patient=generated.patient)
        return function, constants_of(function, self.like)

    def _with_weights_of(self, other: SoftProgram) -> SoftProgram:
        for name in ("_parameters", "_modules", "_buffers"):
            setattr(self, name, getattr(other, name))
        self._constants = constants_of(self._function, self.like)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> SoftProgram:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._constants = constants_of(self._function, self.like)
        self._stepwise = None
        self._others = {}
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled.

        The source stands for the function, and the last report stays here.
        """
        state = dict(self.__dict__)
        for made in ("_function", "_constants", "_stepwise"):
            del state[made]
        return {**state, "report": nothing(), "_others": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled and make the function again."""
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._load()
