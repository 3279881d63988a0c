"""The command line: one file a command, each loaded when it is called.

Results go to standard output, everything else to standard error. Exit codes: 0 fine, 1 findings
in a program, 2 a wrong call, 3 a fault of ours, 130 interrupted. No logic here: commands call
the pipeline.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from diffprog.cli.say import CALL, FINDINGS, INTERRUPTED, OURS, own_fault, tell, wrong_call
from diffprog.errors import DiffprogError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "check",
    "run",
    "train",
    "emit",
    "ask",
    "graph",
    "trace",
    "curves",
    "show",
    "fmt",
    "new",
    "explain",
)
"""The commands, in the order in which a newcomer meets them."""


class Commands(click.Group):
    """Imports a command when it is called, and turns what goes wrong into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Import a command."""
        if cmd_name not in COMMANDS:
            near = get_close_matches(cmd_name, COMMANDS, n=1, cutoff=0.6)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {cmd_name!r}.{hint}")
        command = getattr(import_module(f"diffprog.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def main(self, args: Sequence[str] | None = None, *_: Any, **more: Any) -> Any:
        """Run a command and exit."""
        more.pop("standalone_mode", None)
        sys.exit(self.run(args, **more))

    def run(self, args: Sequence[str] | None = None, **more: Any) -> int:
        """Run a command and return the exit code."""
        try:
            done = super().main(args, standalone_mode=False, **more)
        except click.exceptions.Exit as end:
            return end.exit_code
        except click.ClickException as problem:
            problem.show()
            return CALL
        except DiffprogError as problem:
            tell(problem.diagnostics)
            return CALL if wrong_call(problem) else FINDINGS
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            return INTERRUPTED
        except BrokenPipeError:
            sys.stdout = None  # the reader has gone: flush nothing
            return 0
        except Exception as problem:
            own_fault(problem)
            return OURS
        return done if isinstance(done, int) else 0


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="diffprog", prog_name="diffprog")
def main() -> None:
    """Check, run, train and print programs that can be made differentiable.

    Exit codes: 0 fine, 1 findings in a program, 2 a wrong call, 3 a fault of diffprog, 130
    interrupted.
    """
