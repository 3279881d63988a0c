"""The program that networks write for one input, as text.

In: a program whose networks are trained, inputs. Out: a program without decisions, that gives on
these inputs the answer that the networks give. Several programs may vote on which is written. Never
imports torch by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from diffprog.crisp.choices import alternatives
from diffprog.crisp.recorded import recorded
from diffprog.errors import InvariantError, Source, fail
from diffprog.lang.format import format_program
from diffprog.lang.parse import parse
from diffprog.lang.unroll import unrolled
from diffprog.nets import PREFIX
from diffprog.pipeline.data import declared_sizes, encode_inputs
from diffprog.pipeline.program import Program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.crisp.recorded import Met
    from diffprog.lang import syntax, typed


def program_for(
    program: Program, inputs: Mapping[str, object], *, explain: bool = False
) -> Program:
    """Return the program that networks write for an input: decisions put in, loops unrolled.

    Args:
        program: one whose only unknowns are decisions by networks, with their weights.
        inputs: by name; the program is written for the sizes that they have.
        explain: whether comments say how sure the networks were of each decision.

    Raises:
        DiffprogError: DP329 for other holes, or decisions in a loop `by act`; and what running the
            program may raise.
    """
    return _written(program, inputs, explain=explain)


def vote(
    programs: Sequence[Program], inputs: Mapping[str, object], *, explain: bool = False
) -> Program:
    """Return the program that most of several write for an input, as the same text.

    Where none is written more often, the first of them counts.

    Args:
        programs: each as `program_for` takes it; such as one program, trained from several seeds.
        inputs: by name.
        explain: whether comments say how many wrote it, and how sure the first of these was.

    Raises:
        ValueError: there are none.
        DiffprogError: what `program_for` may raise.
    """
    texts = [program_for(p, inputs).source for p in programs]
    if not texts:
        message = "nobody votes: give at least one program"
        raise ValueError(message)
    (text, count), *_ = Counter(texts).most_common()  # of equals the first that was met
    said = [f"{count} of {len(texts)} write this"] if len(texts) > 1 else []
    return _written(programs[texts.index(text)], inputs, explain=explain, said=said)


def _written(
    program: Program, inputs: Mapping[str, object], *, explain: bool, said: Sequence[str] = ()
) -> Program:
    """Return what a program writes; comments say what is to be said, and how sure it was."""
    bound = program.bound(inputs)
    checked = bound.checked
    _refuse(checked.holes)
    values = encode_inputs(bound.syntax, bound.parameters, inputs)
    answer, record = recorded(checked, values, bound.choices, bound.networks)
    taken = [(met.hole.key, met.chosen) for met in record.decisions]
    tree = unrolled(bound.syntax, checked.decisions, taken, record)
    text = format_program(tree)
    if explain:
        text = _commented(text, [*said, *map(_told, record.decisions)])
    made = _made(bound, tree, text)
    if (found := made.outcome(inputs)[0].value) != answer:
        message = f"the program answers {found}, its networks {answer}:\n{text}"
        raise InvariantError(message)
    return made


def _refuse(holes: Mapping[str, typed.Hole]) -> None:
    """Refuse holes that no network decides."""
    for key, hole in holes.items():
        hint = "write its choices in first: `program.fill(choices)`"
        fail("DP329", f"the hole `{key}` is no decision by a network", hole.span, hint=hint)


def _made(bound: Program, tree: syntax.Program, text: str) -> Program:
    name = PurePath(bound.name)
    source = Source(f"{name.stem}.for{name.suffix or '.dp'}", text)
    parsed = replace(parse(source), modules=tree.modules)
    sizes = {n: v for n, v in bound.sizes.items() if n in declared_sizes(parsed)}
    made = Program(parsed, sizes, externs=bound.externs)
    nets = made.checked.nets
    weights = {k: v for k, v in bound.choices.items() if k.startswith(PREFIX)}
    made.choices = {k: v for k, v in weights.items() if k.split(".")[1] in nets}
    return made


def _commented(text: str, lines: Sequence[str]) -> str:
    """Put above a text what was decided, how sure, and what came next."""
    return "".join(f"# {line}\n" for line in lines) + ("\n" if lines else "") + text


def _told(met: Met) -> str:
    hole, t = met.hole, alternatives(met.hole)
    names = hole.labels or tuple(str(t.decode(v)) for v in t.values())
    place = f"line {hole.span.line}: {names[met.chosen]}"
    if not met.weights:
        return place
    others = [k for k in range(len(names)) if k != met.chosen]
    second = max(others, key=lambda k: met.weights[k])
    sure, next_ = met.weights[met.chosen], met.weights[second]
    return f"{place} ({sure:.2f}), next: {names[second]} ({next_:.2f})"
