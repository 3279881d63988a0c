"""Data becomes examples; what is wrong with it is said by file, line and field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diffprog.errors import DiffprogError
from diffprog.learn.examples import as_examples, generate, parse_examples, read_examples, split
from diffprog.pipeline import loads

if TYPE_CHECKING:
    from pathlib import Path

SORT = """\
size n = 3

program sort(xs: int<10>[n]) -> int<10>[n]:
    return xs
"""
RED = """\
enum Colour: red, green

program same(c: Colour, p: (bool, real)) -> Colour:
    return c if p[0] else Colour.red
"""


def wrong(text: str, program: str = SORT) -> str:
    """Return what is said about wrong data."""
    with pytest.raises(DiffprogError) as caught:
        parse_examples(text, loads(program), "train.jsonl")
    return str(caught.value)


def test_lines_become_crisp_values() -> None:
    """Inputs and answers are encoded by their types."""
    text = '{"in": {"c": "green", "p": [true, 1]}, "out": "red"}\n\n'
    (example,) = parse_examples(text, loads(RED), "d")
    assert example.inputs == {"c": 1, "p": (True, 1.0)}
    assert isinstance(example.inputs["p"], tuple)
    assert example.output == 0
    assert example.place == "d:1"


def test_ragged_lengths_are_grouped() -> None:
    """Examples of equal sizes stand together, in order of first appearance."""
    texts = ["[1, 2]", "[1]", "[3, 4]"]
    text = "\n".join(f'{{"in": {{"xs": {xs}}}, "out": {xs}}}' for xs in texts)
    examples = parse_examples(text, loads(SORT), "d")
    assert examples.groups == {(("n", 2),): (0, 2), (("n", 1),): (1,)}


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ('{"in": {"xs": [1, 2, 3]}}', "DP632", "there is no field `out`"),
        ('{"out": 3}', "DP632", "there is no field `in`"),
        ('{"in": {}, "out": 3}', "DP632", "`in` has no field `xs`"),
        ('{"in": {"xs": [1], "k": 1}, "out": [1]}', "DP632", "unknown field `k`, expected `xs`"),
        ('{"in": {"xs": [1]}, "out": [1], "id": 7}', "DP632", "unknown field `id`"),
        ('{"in": [1], "out": [1]}', "DP632", "`in` is [1], expected an object"),
        ("7", "DP632", "found 7, expected an object"),
        ('{"in": {"xs": [1, 2.5]}, "out": [1, 2]}', "DP633", "`in.xs[1]`: found 2.5, expected an"),
        ('{"in": {"xs": [1, true]}, "out": [1, 2]}', "DP633", "`in.xs[1]`: found True"),
        ('{"in": {"xs": [1, 12]}, "out": [1, 2]}', "DP633", "`in.xs[1]`: 12 is outside 0..10"),
        ('{"in": {"xs": [1, 2]}, "out": [1]}', "DP633", "`out`: found a list of 1, expected 2"),
        ('{"in": {"xs": 4}, "out": [1]}', "DP633", "`in.xs`: found 4, expected a list of 3"),
        ('{"in": {"xs": [1, 2}', "DP631", "not JSON: Expecting ',' delimiter (character 20)"),
        ("[" * 100_000, "DP631", "not JSON"),
    ],
)
def test_wrong_lines(line: str, code: str, said: str) -> None:
    """The message has the code, the file, the line and what was expected."""
    text = wrong('{"in": {"xs": [1]}, "out": [1]}\n' + line + "\n")
    assert text.startswith(f"error[{code}]: "), text
    assert said in text
    assert "--> train.jsonl:2:" in text
    assert len(text) < 1000


def test_a_very_long_line_is_not_shown_whole() -> None:
    """A line of a million characters gives a short message."""
    xs = ", ".join(["7"] * 400_000)
    text = wrong(f'{{"in": {{"xs": [{xs}]}}, "out": [1]}}')
    assert "`out`: found a list of 1, expected 400000 values" in text
    assert len(text) < 1000
    assert len(wrong("x" * 1_000_000)) < 1000


def test_several_wrong_lines_are_told_at_once() -> None:
    """Ten are told, the others counted."""
    text = wrong("7\n" * 25)
    assert text.count("found 7") == 10
    assert "15 more lines of train.jsonl are wrong" in text


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_has_no_examples(text: str) -> None:
    """Nothing to learn from is an error."""
    assert "error[DP630]: train.jsonl has no examples" in wrong(text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and one that is no text are told by their path."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for path, said in ((tmp_path / "none", "No such file"), (binary, "is not UTF-8")):
        with pytest.raises(DiffprogError, match=said):
            read_examples(path, loads(SORT))


def test_sizes_that_disagree() -> None:
    """Two inputs that share a size must have one length."""
    program = "size n = 2\n\nprogram f(a: bool[n], b: bool[n]) -> bool:\n    return a[0] and b[0]\n"
    text = wrong('{"in": {"a": [true], "b": [true, true]}, "out": true}', program)
    assert "the size `n` would be 1 by `a`, 2 by `b`" in text


def test_python_pairs() -> None:
    """Pairs from Python are examples too; wrong ones go by their number."""
    program = loads(SORT)
    examples = as_examples([({"xs": [1, 2]}, [1, 2]), {"in": {"xs": [3]}, "out": [3]}], program)
    assert len(examples) == 2
    assert as_examples(examples, program) is examples
    with pytest.raises(DiffprogError, match=r"examples\[1\]: `in.xs\[0\]`: 99 is outside"):
        as_examples([({"xs": [1]}, [1]), ({"xs": [99]}, [1])], program)
    with pytest.raises(DiffprogError, match="there are no examples"):
        as_examples([], program)


def test_references_answer() -> None:
    """A function, or a program, gives the answers; the same seed the same examples."""
    program = loads(SORT)
    by_function = generate(program, lambda xs: xs, 9, sizes=({"n": 2}, {"n": 4}))
    by_program = generate(program, program, 9, sizes=({"n": 2}, {"n": 4}))
    assert by_function.items == by_program.items
    assert [len(e.sizes and e.output) for e in by_function][:3] == [2, 4, 2]  # type: ignore[arg-type]
    assert generate(program, lambda xs: xs, 9, seed=1).items != by_function.items


def test_reals_are_not_drawn() -> None:
    """A uniform real has no natural bounds."""
    program = loads("program f(x: real) -> real:\n    return x\n")
    with pytest.raises(DiffprogError, match="cannot draw the input `x`"):
        generate(program, lambda x: x, 1)


def test_split_is_a_partition() -> None:
    """Both parts together are all examples, in their order."""
    examples = generate(loads(SORT), lambda xs: xs, 20)
    train, dev = split(examples, 0.25)
    assert (len(train), len(dev)) == (15, 5)
    assert sorted(map(repr, (*train, *dev))) == sorted(map(repr, examples))
