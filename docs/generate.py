"""Write the parts of the reference that are made from the code, so that they cannot lie.

In: the tables of the package. Out: the text between ``<!-- generated: NAME -->`` and
``<!-- end -->`` in the pages under docs/. With ``--check`` nothing is written and the exit code is
1 where a page is not what the code says.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import diffprog
from diffprog.codes import CODES
from diffprog.deciders import POLICIES, READERS
from diffprog.lang.check.operations import result_type
from diffprog.lang.imports import STANDARD, standard_modules
from diffprog.nets import KINDS, Kind, Option
from diffprog.ops import OPS, REDUCTIONS, OpSpec, RuleError
from diffprog.types import BOOL, REAL, Array, Int, Type, is_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import click

DOCS = Path(__file__).parent
_SECTION = re.compile(r"(?s)(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)")

FAMILIES = {
    "DP0": "Files and calls",
    "DP1": "Syntax",
    "DP2": "Names",
    "DP3": "Choices",
    "DP4": "Types and sizes",
    "DP5": "Loops and halting",
    "DP6": "Numbers, data and training",
    "DP9": "Warnings",
}

_FINITE = ((Int(0, 4), Int(1, 4), Int(2, 4)), (BOOL, BOOL), (Array((2,), BOOL),))
_REALS = (
    (REAL, REAL, REAL),
    (Int(0, 4), REAL),
    (Array((4,), REAL),),
    (Array((4, 3), REAL), Array((3,), REAL)),
)
"""Arguments on which the table shows what an operation gives; the first that fit are taken."""


# --- operations -----------------------------------------------------------------------------------


def operations() -> Iterator[str]:
    """Yield the table of `OPS`."""
    yield "| written | what it gives | finite, for example | on reals | softly, on reals |"
    yield "|---|---|---|---|---|"
    for row in OPS.values():
        cells = (
            f"`{_written(row, 'abc')}`",
            row.doc.rstrip("."),
            _shown(row, _FINITE),
            _shown(row, _REALS),
            _formula(row),
        )
        yield "| " + " | ".join(cells) + " |"


def _written(row: OpSpec, args: str | list[str]) -> str:
    if row.symbol and row.arity == 2:
        return f"{args[0]} {row.symbol} {args[1]}"
    if row.symbol:
        return f"{row.symbol} {args[0]}" if row.symbol.isalpha() else f"{row.symbol}{args[0]}"
    return f"{row.name}({', '.join(args[: row.arity])})"


def _shown(row: OpSpec, samples: tuple[tuple[Type, ...], ...]) -> str:
    for sample in samples:
        args = sample[: row.arity]
        try:
            result = result_type(row, args)
        except (RuleError, ValueError, AttributeError):
            continue
        if len(args) == row.arity and (samples is _FINITE or _has_real(args)):
            return f"`{_written(row, list(map(str, args)))}` is `{result}`"
    return ""


def _has_real(types: Sequence[Type]) -> bool:
    return not all(map(is_finite, types))


def _formula(row: OpSpec) -> str:
    if row.formula is None or not _shown(row, _REALS):
        return ""
    text = f"`{row.formula.format(*'abc')}`"
    text = f"`{'abc'[0]}`" if row.formula == "{0}" else text
    defined = f"; undefined unless `{row.partial.format(*'abc')}`" if row.partial else ""
    return text + (", relaxed" if row.relaxed else "") + defined


def reductions() -> Iterator[str]:
    """Yield the table of `REDUCTIONS`."""
    heads = ("written", "what it gives", "of nothing")
    items = ("of an `int<3>[4]`", "of a `bool[4]`", "of a `real[4]`")
    yield "| " + " | ".join(heads + items) + " |"
    yield "|---|---|---|---|---|---|"
    for row in REDUCTIONS.values():
        empty = "`else v` is asked for" if row.empty is None else f"`{str(row.empty).lower()}`"
        types = [_reduced(row.name, t) for t in (Int(0, 3), BOOL, REAL)]
        cells = [f"`{row.name}(xs)`", row.doc.rstrip("."), empty, *types]
        yield "| " + " | ".join(cells) + " |"


def _reduced(name: str, item: Type) -> str:
    try:
        return f"`{REDUCTIONS[name].rule(item, 4)}`"
    except RuleError:
        return ""


def networks() -> Iterator[str]:
    """Yield the table of `KINDS`."""
    yield "| kind and options | takes | gives | |"
    yield "|---|---|---|---|"
    for row in KINDS.values():
        options = ", ".join(map(_option, row.options))
        takes, gives = _taken(row)
        yield f"| `{row.name}({options})` | {takes} | {gives} | {row.doc} |"
    yield ""
    yield "| option | means |"
    yield "|---|---|"
    every = dict.fromkeys((o.name, o.doc, o.words) for row in KINDS.values() for o in row.options)
    for name, doc, words in every:
        listed = f": {', '.join(f'`{w}`' for w in words)}" if words else ""
        yield f"| `{name}` | {doc}{listed} |"


def _deciders(kinds: Mapping[str, Kind]) -> Iterator[str]:
    """Yield a table of kinds, and one of their options."""
    yield "| kind and options | |"
    yield "|---|---|"
    for row in kinds.values():
        yield f"| `{row.name}({', '.join(map(_option, row.options))})` | {row.doc} |"
    yield ""
    yield "| option | means |"
    yield "|---|---|"
    for name, doc in dict.fromkeys((o.name, o.doc) for row in kinds.values() for o in row.options):
        yield f"| `{name}` | {doc} |"


def policies() -> Iterator[str]:
    """Yield the tables of `POLICIES`."""
    yield from _deciders(POLICIES)


def readers() -> Iterator[str]:
    """Yield the tables of `READERS`."""
    yield from _deciders(READERS)


def _option(option: Option) -> str:
    if option.needed:
        return f"{option.name} = …"
    if option.default is None:
        return f"[{option.name} = …]"
    return f"{option.name} = {str(option.default).lower()}"


class _Named(int):
    """A size that prints as its option's name: signatures are shown with these."""

    def __new__(cls, name: str) -> _Named:
        made = super().__new__(cls, 1)
        made.name = name  # type: ignore[attr-defined]
        return made

    def __str__(self) -> str:
        return str(self.name)  # type: ignore[attr-defined]

    def __rmul__(self, other: int) -> _Named:
        return _Named(f"{other} {self}")


def _taken(kind: Kind) -> tuple[str, str]:
    sizes = {o.name: _Named(o.name) for o in kind.options if o.sort == "size"}
    found = kind.signature({**{o.name: o.default for o in kind.options}, **sizes, "stride": 1})
    params = ", ".join(f"`{n}: {slot}`" for n, slot in found.params)
    return params, ", ".join(f"`{slot}`" for slot in found.results)


# --- the library ----------------------------------------------------------------------------------


def library() -> Iterator[str]:
    """Yield what each module of the library says of itself and of its functions."""
    for name in standard_modules():
        text = (STANDARD / f"{name.removeprefix('std.')}.dp").read_text(encoding="utf-8")
        head, *rest = text.split("\n\n")
        yield from (f"## `{name}`", "", _comment(head), "")
        for block in rest:
            found = re.match(r"(?s)((?:#.*?\n)*)((?:fn .*?\) -> [^\n]*|const [^\n]*))", block)
            if found:
                written = re.sub(r"\s+", " ", found[2]).removesuffix(":")
                written = written.replace("( ", "(").replace(" )", ")")
                yield f"- `{written}`  "
                yield f"  {_comment(found[1])}"
        yield ""


def _comment(text: str) -> str:
    return " ".join(line.removeprefix("#").strip() for line in text.strip().splitlines())


# --- diagnostics ----------------------------------------------------------------------------------


def errors() -> Iterator[str]:
    """Yield every diagnostic code with its two examples, by family."""
    for family, title in FAMILIES.items():
        codes = {code: row for code, row in sorted(CODES.items()) if code.startswith(family)}
        if not codes:
            continue
        yield f"## {family}xx: {title}"
        for code, row in codes.items():
            yield from ("", f"### {code}", "", _sentence(row.title))
            for word, example in (("Wrong", row.wrong), ("Right", row.right)):
                if example:
                    yield from ("", f"{word}:", "", "```text", example.strip("\n"), "```")
        yield ""


def _sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


# --- command line ---------------------------------------------------------------------------------


def commands() -> Iterator[str]:
    """Yield the help of every command."""
    import click

    from diffprog.cli import main

    top = click.Context(main, info_name="diffprog", terminal_width=90, **main.context_settings)
    yield from ("## diffprog", "", *_help(main, top))
    assert isinstance(main, click.Group)
    for name in main.list_commands(top):
        command = main.get_command(top, name)
        assert command is not None
        context = click.Context(command, parent=top, info_name=name, terminal_width=90)
        yield from ("", f"## diffprog {name}", "", *_help(command, context))


def _help(command: click.Command, context: click.Context) -> Iterator[str]:
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield from ("```text", text.strip("\n"), "```")


# --- Python ---------------------------------------------------------------------------------------


def interface() -> Iterator[str]:
    """Yield the public names of the package: signature, docstring, methods."""
    for name in diffprog.__all__:
        found = getattr(diffprog, name)
        yield from (f"## `{name}`", "")
        if inspect.isclass(found):
            yield from (_doc(found), "", *_members(found), "")
        else:
            yield from ("```text", _signature(name, found), "```", "", _doc(found), "")


def _members(found: type) -> Iterator[str]:
    own = getattr(found, "__dataclass_fields__", {})
    for name, field in own.items():
        yield f"- `{name}: {field.type}`"
    for name, member in vars(found).items():
        if name.startswith("_") or name in own:
            continue
        first = (inspect.getdoc(member) or "").split("\n\n")[0].replace("\n", " ")
        if isinstance(member, (classmethod, staticmethod)):
            member = member.__func__
        if inspect.isfunction(member):
            yield f"- `{_signature(name, member, own=True)}`: {first}"
        elif first and not inspect.ismemberdescriptor(member):
            yield f"- `{name}`: {first}"


class _Written(str):
    """An annotation that prints as it was written, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(name: str, function: Callable[..., object], *, own: bool = False) -> str:
    found = inspect.signature(function)
    params = [p.replace(annotation=_plain(p.annotation)) for p in found.parameters.values()]
    result = _plain(found.return_annotation)
    kept = params[1:] if own and params and params[0].name in ("self", "cls") else params
    text = str(found.replace(parameters=kept, return_annotation=result))
    return name + re.sub(r"= <[^>]*>", "= …", text)


def _plain(annotation: object) -> object:
    return _Written(annotation.strip("\"'")) if isinstance(annotation, str) else annotation


def _doc(found: object) -> str:
    """Return a docstring as Markdown: its sections as lists."""
    text = re.split(r"\n\s*>>>", inspect.getdoc(found) or "")[0]
    head, *sections = re.split(r"(?m)^(Args|Returns|Raises|Attributes|Yields):\n", text)
    out = [head.strip()]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        inside, after = re.fullmatch(r"(?s)((?: {4}.*\n?|\n)*)(.*)", body).groups()  # type: ignore[union-attr]
        out += [f"**{title}**", _listed(inspect.cleandoc(inside)), after.strip()]
    return "\n\n".join(part for part in out if part)


def _listed(text: str) -> str:
    text = re.sub(r"\n +", " ", text)
    return re.sub(r"(?m)^(\w+(?: to \w+)?): ", r"- `\1`: ", text)


# --- pages ----------------------------------------------------------------------------------------

SECTIONS: dict[str, Callable[[], Iterator[str]]] = {
    "library": library,
    "networks": networks,
    "policies": policies,
    "readers": readers,
    "operations": operations,
    "reductions": reductions,
    "errors": errors,
    "commands": commands,
    "interface": interface,
}


def pages() -> list[Path]:
    """Return the pages that have a generated part."""
    found = sorted(DOCS.rglob("*.md"))
    return [page for page in found if _SECTION.search(page.read_text(encoding="utf-8"))]


def generated(text: str) -> str:
    """Return a page with its generated parts as the code says them."""
    return _SECTION.sub(lambda m: f"{m[1]}\n{_section(m[2], m[3])}\n\n{m[4]}", text)


def _section(name: str, before: str) -> str:
    try:
        return "\n".join(SECTIONS[name]()).strip("\n")
    except ModuleNotFoundError:  # a part that is not there yet
        return before.strip("\n")


def stale() -> dict[Path, str]:
    """Return the pages that are not what the code says, each with its new text."""
    texts = {page: page.read_text(encoding="utf-8") for page in pages()}
    new = {page: generated(text) for page, text in texts.items()}
    return {page: text for page, text in new.items() if text != texts[page]}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` name those that are stale."""
    found = stale()
    for page, text in found.items():
        if "--check" in arguments:
            sys.stderr.write(f"{page} is stale: run docs/generate.py\n")
        else:
            page.write_text(text, encoding="utf-8")
            sys.stderr.write(f"wrote {page}\n")
    return int(bool(found) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
