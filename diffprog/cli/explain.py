"""`diffprog explain`: what a diagnostic code means."""

from __future__ import annotations

from difflib import get_close_matches

import click

from diffprog.codes import CODES


@click.command()
@click.argument("code")
def explain(code: str) -> None:
    """Explain a code with a wrong and a right example."""
    found = CODES.get(code.upper())
    if found is None:
        near = get_close_matches(code.upper(), CODES, n=3, cutoff=0.7)
        hint = f"; there are {', '.join(near)}" if near else ""
        message = f"no diagnostic is called {code!r}{hint}"
        raise click.UsageError(message)
    click.echo(f"{code.upper()}: {found.title}\n\nwrong:\n{_indented(found.wrong)}")
    click.echo(f"\nright:\n{_indented(found.right)}")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip("\n").split("\n"))
