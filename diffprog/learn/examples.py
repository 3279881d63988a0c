"""Examples: inputs and the answers that a program is to give.

In: JSON lines ``{"in": {...}, "out": ...}``, Python pairs, or a reference that computes the
answers.
Out: `Examples`, crisp values grouped by the sizes that their shapes bind. What is wrong with
data is said by file, line and field (DP63x), several lines at once. Never imports torch.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, overload

from diffprog.errors import Diagnostic, DiffprogError, Source, Span, fail
from diffprog.pipeline import Program, clipped, encode_input, plain
from diffprog.types import Array, Bool, Enum, Int, Real, Tuple

if TYPE_CHECKING:
    from diffprog.types import Type, Value

Sizes: TypeAlias = tuple[tuple[str, int], ...]
"""The sizes that one example binds, by name; the key of its group."""

Reference: TypeAlias = "Program | Callable[..., object]"
"""What computes right answers: a program of the same inputs, or a function of them by name."""

MAX_TOLD = 10
"""Wrong lines that are told of at once; more are counted."""
MAX_SHOWN = 100
"""Characters of a line of data that a message shows."""


@dataclass(frozen=True, slots=True)
class Example:
    """One example: inputs by name, the answer, its sizes, and where it was read."""

    inputs: Mapping[str, Value]
    output: Value
    sizes: Sizes = ()
    place: str = field(default="", compare=False)


@dataclass(frozen=True)
class Examples(Sequence[Example]):
    """Examples in their order; `groups` has those of equal sizes together."""

    items: tuple[Example, ...]
    name: str = "examples"

    @overload
    def __getitem__(self, at: int) -> Example: ...
    @overload
    def __getitem__(self, at: slice) -> Examples: ...
    def __getitem__(self, at: int | slice) -> Example | Examples:
        """Return one example, or a stretch of them."""
        return Examples(self.items[at], self.name) if isinstance(at, slice) else self.items[at]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.items)

    @cached_property
    def groups(self) -> dict[Sizes, tuple[int, ...]]:
        """The places of the examples of each combination of sizes, in order of first appearance."""
        found: dict[Sizes, list[int]] = {}
        for i, example in enumerate(self.items):
            found.setdefault(example.sizes, []).append(i)
        return {sizes: tuple(places) for sizes, places in found.items()}


def encode(
    program: Program, inputs: Mapping[str, object], output: object, place: str = ""
) -> Example:
    """Turn JSON-like inputs and an answer into an example of a program.

    Raises:
        ValueError: naming the field, what was found and what was expected.
    """
    names = [p.name for p in program.syntax.main.params]
    _same_fields("in", names, inputs)
    bound = program.bind(inputs)
    encoded = {
        name: encode_input(f"in.{name}", t, inputs[name]) for name, t in bound.parameters.items()
    }
    answer = encode_input("out", bound.result, output)
    return Example(encoded, answer, tuple(sorted(bound.sizes.items())), place)


def _same_fields(where: str, wanted: Iterable[str], found: Mapping[str, object]) -> None:
    missing = [name for name in wanted if name not in found]
    extra = [name for name in found if name not in wanted]
    if missing:
        message = f"`{where}` has no field `{missing[0]}`"
        raise ValueError(message)
    if extra:
        names = ", ".join(f"`{name}`" for name in wanted)
        message = f"`{where}` has an unknown field `{clipped(extra[0])}`, expected {names}"
        raise ValueError(message)


# --- from files -----------------------------------------------------------------------------------


def read_examples(path: str | Path, program: Program) -> Examples:
    """Read JSON lines as examples of a program.

    Raises:
        DiffprogError: DP630 for a file that cannot be read or is empty, DP631 for a line that
            is not JSON, DP632 for a wrong field, DP633 for a wrong value; up to ten lines at once.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        fail("DP630", f"{path} is not UTF-8 text (byte {problem.start})")
    except OSError as problem:
        fail("DP630", f"cannot read {path}: {problem.strerror or problem}")
    return parse_examples(text, program, str(path))


def parse_examples(text: str, program: Program, name: str) -> Examples:
    """Read the text of JSON lines; see `read_examples`."""
    found: list[Example] = []
    wrong: list[Diagnostic] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(_example(line, program, f"{name}:{number}"))
        except DiffprogError as problem:
            wrong += problem.diagnostics
        except _WrongLineError as problem:
            wrong.append(problem.diagnostic(name, number, line))
    if wrong:
        more = len(wrong) - MAX_TOLD
        rest = [Diagnostic("DP633", f"{more} more lines of {name} are wrong")] if more > 0 else []
        raise DiffprogError(*wrong[:MAX_TOLD], *rest)
    if not found:
        hint = 'each line is one example, `{"in": {"xs": [3, 1, 2]}, "out": [1, 2, 3]}`'
        fail("DP630", f"{name} has no examples", hint=hint)
    return Examples(tuple(found), name)


class _WrongLineError(Exception):
    """What is wrong with one line, and where in it."""

    def __init__(self, code: str, message: str, column: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.column, self.hint = code, column, hint

    def diagnostic(self, name: str, number: int, line: str) -> Diagnostic:
        # Only the line itself is shown, clipped: data files may be large.
        shown = line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 3] + "..."
        source = Source(name, "\n" * (number - 1) + shown)
        start = number - 1 + min(self.column, MAX_SHOWN - 1)
        end = start + 1 if self.column else number - 1 + len(shown)
        return Diagnostic(self.code, str(self), Span(source, start, end), help=self.hint)


def _example(line: str, program: Program, place: str) -> Example:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as problem:
        message = f"this line is not JSON: {problem.msg} (character {problem.pos + 1})"
        raise _WrongLineError("DP631", message, problem.pos) from None
    except (RecursionError, ValueError) as problem:
        message = f"this line is not JSON that can be read: {clipped(str(problem))}"
        raise _WrongLineError("DP631", message) from None
    hint = 'write `{"in": {...}, "out": ...}`'
    if not isinstance(record, dict):
        message = f"found {clipped(json.dumps(record))}, expected an object"
        raise _WrongLineError("DP632", message, hint=hint)
    for name in ("in", "out"):
        if name not in record:
            message = f"there is no field `{name}`"
            raise _WrongLineError("DP632", message, hint=hint)
    if extra := next((name for name in record if name not in ("in", "out")), None):
        message = f"unknown field `{clipped(extra)}`"
        raise _WrongLineError("DP632", message, hint=hint)
    if not isinstance(record["in"], dict):
        message = (
            f"`in` is {clipped(json.dumps(record['in']))}, expected an object of inputs by name"
        )
        raise _WrongLineError("DP632", message)
    try:
        return encode(program, record["in"], record["out"], place)
    except ValueError as problem:
        code = "DP632" if "field" in str(problem) else "DP633"
        raise _WrongLineError(code, str(problem)) from None


# --- from Python ----------------------------------------------------------------------------------

Pairs: TypeAlias = "Iterable[tuple[Mapping[str, object], object] | Mapping[str, object]]"
"""Pairs (inputs by name, answer), or mappings with the fields ``in`` and ``out``."""


def as_examples(
    examples: Examples | str | Path | Pairs, program: Program, name: str = "examples"
) -> Examples:
    """Return what a caller passes as examples: a file's path, pairs, or `Examples` themselves.

    Raises:
        DiffprogError: as `read_examples`; DP632 and DP633 name the pair by its number from 0.
    """
    if isinstance(examples, Examples):
        return examples
    if isinstance(examples, str | Path):
        return read_examples(examples, program)
    found = []
    for i, pair in enumerate(examples):
        inputs, output = (pair["in"], pair["out"]) if isinstance(pair, Mapping) else pair
        try:
            if not isinstance(inputs, Mapping):
                message = f"the inputs are {clipped(repr(inputs))}, expected a mapping by name"
                raise ValueError(message)
            found.append(encode(program, inputs, output, f"{name}[{i}]"))
        except ValueError as problem:
            fail("DP633", f"{name}[{i}]: {problem}")
    if not found:
        fail("DP630", f"{name}: there are no examples")
    return Examples(tuple(found), name)


# --- from a reference -----------------------------------------------------------------------------


def generate(
    program: Program,
    reference: Reference,
    count: int,
    *,
    seed: int = 0,
    sizes: Sequence[Mapping[str, int]] = ({},),
    name: str = "generated",
) -> Examples:
    """Draw inputs of a program uniformly and let a reference answer them.

    Args:
        program: says which inputs there are.
        reference: computes the answer, from inputs by name.
        count: how many examples.
        seed: the same seed gives the same examples.
        sizes: bindings of sizes to take in turn; those of the program where not named.
        name: what messages call these examples.

    Raises:
        DiffprogError: DP634 where an input cannot be drawn (a real), DP633 where the reference
            gives what is no answer of the program.
    """
    rng = random.Random(seed)
    pairs: list[tuple[Mapping[str, object], object]] = []
    for i in range(count):
        bound = program.at(**sizes[i % len(sizes)])
        inputs = {param: t.decode(_drawn(param, t, rng)) for param, t in bound.parameters.items()}
        answer = reference.run(**inputs) if isinstance(reference, Program) else reference(**inputs)
        pairs.append((inputs, plain(answer)))
    return as_examples(pairs, program, name)


def _drawn(name: str, t: Type, rng: random.Random) -> Value:
    match t:
        case Bool() | Int() | Enum():
            return t.values()[rng.randrange(t.size)]
        case Array(shape, item):
            inner = Array(shape[1:], item) if shape[1:] else item
            return [_drawn(name, inner, rng) for _ in range(shape[0])]
        case Tuple(items):
            return tuple(_drawn(name, item, rng) for item in items)
        case Real():
            hint = "make the examples yourself: a uniform real has no natural bounds"
            return fail("DP634", f"cannot draw the input `{name}`: it is a real", hint=hint)


def split(examples: Examples, share: float, *, seed: int = 0) -> tuple[Examples, Examples]:
    """Divide examples at random into two parts; `share` of them go to the second, at least one."""
    order = list(range(len(examples)))
    random.Random(seed).shuffle(order)
    cut = len(order) - max(1, round(share * len(order)))
    parts = (sorted(order[:cut]), sorted(order[cut:]))
    first, second = (tuple(examples.items[i] for i in part) for part in parts)
    return Examples(first, examples.name), Examples(second, f"{examples.name} (held out)")
