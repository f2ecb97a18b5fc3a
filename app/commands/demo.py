"""`ethoscribe demo`: the whole way, on a scene whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(demo)


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where the demo study goes.")
    ] = Path("demo"),
) -> None:
    """Render a scene with known truth, track it, ask, export and score.

    The status is 1 if anything is not as the scene's script says.

    \b
    Example:
      ethoscribe demo
      ethoscribe demo /tmp/first-look
    """
    from app.demo.run import run_demo

    if not run_demo(folder).ok:
        raise typer.Exit(1)
