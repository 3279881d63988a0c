"""`diffprog graph`: the compiled graph, as text or as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from diffprog.cli.say import note, program_of, set_option
from diffprog.cli.show_page import show_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diffprog.pipeline.stages import GraphStage


@click.command()
@click.argument("file")
@click.option("-o", "--output", metavar="FILE", help="A picture: svg, png, pdf, dot; a page: html.")
@click.option("--view", is_flag=True, help="Open the page in a browser.")
@click.option("--weights", metavar="RUN", help="Show the weights that a run has learned.")
@click.option(
    "--stage", type=click.Choice(("graph", "simplified")), default="simplified", show_default=True
)
@click.option("--beside", is_flag=True, help="Show the program's text left of its graph.")
@set_option
def graph(
    file: str,
    output: str | None,
    view: bool,
    weights: str | None,
    stage: GraphStage,
    beside: bool,
    sizes: Mapping[str, int],
) -> None:
    """Draw the graph of a program.

    Without `-o` or `--view` it is printed as text. A page has the program's text beside its graph:
    each lights up what it is of the other.
    """
    program = program_of(file, sizes)
    drawing = program.graph(stage)
    if output is None and not view:
        click.echo(drawing.text)
        return
    known = None
    if weights is not None:
        from diffprog.learn.weights import run_weights

        known = run_weights(weights)
    if output is not None:
        note(f"{drawing.render(output, known, beside=beside)}: written")
    if view:
        show_page(program.name, lambda path: drawing.render(path, known))
