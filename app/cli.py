"""The command line `ethoscribe`: stdout is data, stderr is talk.

Exit status: 0 all went well, 1 something failed, 2 wrong usage, 130 interrupted.
"""

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from app import __version__
from app.commands.shared import say, show
from app.errors import known_errors, one_line

_FORMER = {"edits": "edit"}  # commands that had another name


class Commands(TyperGroup):
    """Runs one command and turns what went wrong into one line and an exit status."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, _FORMER.get(cmd_name, cmd_name))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("Interrupted.")
            raise typer.Exit(130) from None
        except BrokenPipeError:
            raise  # typer closes the pipe quietly, as when `head` has seen enough
        except Exception as error:
            if not isinstance(error, known_errors()):
                raise
            say(f"Error: {one_line(error)}")
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)

# Each module adds its commands to `app`, in the order in which the help lists them.
_MODULES = (
    "demo", "track", "jobs", "import_files", "ask", "assay", "measures", "export", "score", "learn",
    "labels", "train", "calibrate", "memory", "regions", "ethogram", "metadata", "compare",
    "edits", "runs", "people", "relink", "proxy", "ui", "doctor",
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        show(f"ethoscribe {__version__}")
        raise typer.Exit()


@app.callback()
def ethoscribe(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Lab video in, behaviour data out.

    Track animals, ask questions in plain words, export clean tables.
    A study is one folder; every command works on ./study unless -s says otherwise.

    \b
    Try:
      ethoscribe demo
    """


for _name in _MODULES:
    importlib.import_module(f"app.commands.{_name}").register(app)


def main() -> None:
    """Run the command line."""
    app(prog_name="ethoscribe")


if __name__ == "__main__":
    main()
