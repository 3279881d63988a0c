"""Each golden program gives what its comments say, in every way of running a program there is.

A way is a function from a case to the `Answer` it gives; a way that cannot take a case skips it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import torch

from diffprog.crisp.interpret import interpret
from diffprog.errors import DiffprogError
from diffprog.lang.format import format_program
from diffprog.lang.imports import with_modules
from diffprog.lang.parse import parse
from diffprog.nets import PREFIX
from diffprog.pipeline import Program
from diffprog.pipeline.networks import crisp_networks
from diffprog.types import Array, Bool, Real, Tuple, Type, is_finite, trail
from diffprog.view.dot import dot
from tests.goldens import Case, cases
from tests.laws.harness import leaves, vertex_inputs

if TYPE_CHECKING:
    from diffprog.lang.typed import Checked

FILES = sorted((Path(__file__).parent / "golden" / "run").glob("*.dp"))
CASES = [case for path in FILES for case in cases(path)]


@dataclass
class Answer:
    """What a way gives: the result as JSON, and what it reports of the loops by line.

    `None` for what a way does not know; then it is not compared.
    """

    out: Any
    unfinished: dict[int, float] | None = None
    cost: dict[int, float] | None = field(default=None)


Way: TypeAlias = Callable[[Case], Answer]


def interpreted(case: Case) -> Answer:
    """Run the typed tree."""
    checked = case.checked()
    nets = crisp_networks(checked.nets, case.choices, {})
    outcome = interpret(checked, case.encoded(checked), case.choices, nets=nets)
    result = checked.main.result.decode(outcome.value)
    return Answer(result, dict(outcome.unfinished), outcome.costs)


def printed(case: Case) -> Answer:
    """Print the program, and run what was printed. Lines move, so loops are not compared."""
    text = format_program(parse(case.source))
    checked = case.checked(text)
    nets = crisp_networks(checked.nets, case.choices, {})
    outcome = interpret(checked, case.encoded(checked), case.choices, nets=nets)
    return Answer(checked.main.result.decode(outcome.value))


def emitted(case: Case) -> Answer:
    """Write the choices into the text, parse it again and run that."""
    if case.error is not None and not case.error.startswith("DP60"):
        pytest.skip("without all choices there is nothing to emit")
    program = Program(with_modules(parse(case.source)), case.sizes)
    if in_turn(case, program.checked):
        pytest.skip("what networks decided in one run is no text for all inputs")
    program = program.fill(case.choices)
    checked = program.checked
    choices, nets = program.choices, program.networks
    outcome = interpret(checked, case.encoded(checked), choices, nets=nets)
    return Answer(checked.main.result.decode(outcome.value))


def softened(case: Case) -> Answer:
    """Run the softened program on one-hot values at temperature 0."""
    if case.error is not None:
        pytest.skip("softly nothing is undefined: it is reported by its weight")
    program = Program(with_modules(parse(case.source)), case.sizes)
    if in_turn(case, program.checked):
        pytest.skip("what networks decided in one run is no weight")
    module = program.soften().double()
    module.temperature = module.choice_temperature = 0.0
    module.load_choices(case.choices)
    params = dict(program.checked.main.params)
    inputs = vertex_inputs([case.encoded(program.checked)], params)
    for name, t in params.items():
        if isinstance(t, Array) and t.count == 0:  # a list of nothing does not say what of
            inputs[name] = torch.zeros(1, *t.shape, *[getattr(t.item, "size", 0)] * is_finite(t))
    found = module(**inputs)
    value = crisp_of(found, program.result)
    left = {line: float(w.detach().sum()) for line, w in module.report["unfinished"].items()}
    cost = {line: float(w.detach().sum()) for line, w in module.report["costs"].items()}
    return Answer(value, {line: w for line, w in left.items() if w}, cost)


def in_turn(case: Case, checked: Checked) -> bool:
    """Say whether a case writes down what networks decide in its run, one after another."""
    written = [key for key in case.choices if not key.startswith(PREFIX)]
    return any(key not in checked.holes for key in written)


def crisp_of(found: Any, t: Type) -> Any:
    """Return a soft value that is one-hot as JSON has it."""
    if isinstance(t, Tuple):
        return [crisp_of(f, i) for f, i in zip(found, t.items, strict=True)]
    ((x, _),) = leaves(found, t)
    x = x[0] if x.dim() > trail(t) else x
    item = getattr(t, "item", t)
    if isinstance(item, Real):
        return x.tolist()
    assert ((x == 0) | (x == 1)).all()
    if isinstance(item, Bool):
        return x.bool().tolist()
    assert (x.sum(-1) == 1).all()
    return t.decode((x.argmax(-1) + item.lo).tolist())


def drawn(case: Case) -> Answer:
    """Draw the graph as DOT text, which says nothing of the answer."""
    graph = Program(with_modules(parse(case.source)), case.sizes).simplified
    text = dot(graph, case.program)
    assert text.startswith("digraph")
    assert text.count("{") == text.count("}")
    if case.error is not None:
        pytest.skip("a picture says nothing of what running meets")
    return Answer(case.out)


WAYS: dict[str, Way] = {
    "interpret": interpreted,
    "print": printed,
    "emit": emitted,
    "soft": softened,
    "draw": drawn,
}


def as_json(value: Any) -> Any:
    """Return a decoded value with lists for tuples, as JSON has it."""
    return [as_json(v) for v in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.program}:{c.line}")
def test_golden(case: Case, way: str) -> None:
    """The answer is the one that the file states: reals softly up to rounding, all else exact."""
    if case.error is not None:
        with pytest.raises(DiffprogError) as caught:
            WAYS[way](case)
        assert caught.value.diagnostics[0].code == case.error
        return
    answer = WAYS[way](case)
    exact = way != "soft"
    assert as_json(answer.out) == (case.out if exact else near(case.out))
    for found, wanted in ((answer.unfinished, case.unfinished), (answer.cost, case.cost)):
        if found is not None and wanted is not None:
            assert found == (wanted if exact else near(wanted))


def near(value: Any) -> Any:
    """Return a value that equals those with its reals up to rounding."""
    if isinstance(value, list):
        return [near(v) for v in value]
    if isinstance(value, dict):
        return {k: near(v) for k, v in value.items()}
    return pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value


def test_each_file_has_cases() -> None:
    """A golden program without a case proves nothing."""
    assert {path.stem for path in FILES} == {case.program for case in CASES}
