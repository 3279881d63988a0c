"""`diffprog show`: a stage of compilation, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from diffprog.cli.say import program_of, set_option
from diffprog.pipeline import STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command()
@click.argument("file")
@click.option("--stage", type=click.Choice(STAGES), default="simplified", show_default=True)
@set_option
def show(file: str, stage: str, sizes: Mapping[str, int]) -> None:
    """Print a stage of compilation.

    The tree, the typed tree, the graph before and after simplification, the torch source.
    """
    click.echo(program_of(file, sizes).stage(stage).rstrip("\n"))
