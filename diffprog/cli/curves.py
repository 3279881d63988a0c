"""`diffprog curves`: how a run was trained, and what its restarts found."""

from __future__ import annotations

from pathlib import Path

import click

from diffprog.cli.say import json_option, note, show_json


@click.command()
@click.argument("run")
@click.option("-o", "--output", metavar="FILE", help="A picture: svg, png, pdf.")
@json_option
def curves(run: str, output: str | None, as_object: bool) -> None:
    """Show how a run was trained.

    Loss, soft and crisp accuracy, entropy and what loops cost, by step; then every program
    that fits, with the number of restarts that found it. Without `-o` it is printed. A run that
    is still trained can be shown too.
    """
    from diffprog.learn.history import history
    from diffprog.view.curves import curves as draw

    found = history(run)
    if output is not None:
        path = draw(
            found.rows, output, found=found.found, restarts=found.restarts, title=Path(run).name
        )
        note(f"{path}: written")
    if as_object:
        programs = [{"restarts": f.restarts, "lines": f.lines} for f in found.found]
        show_json("curves", rows=found.rows, restarts=found.restarts, programs=programs)
    elif output is None:
        click.echo(found.text)
