"""`ethoscribe ui`: the pages in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(ui)


def ui(
    study: StudyOption = DEFAULT_STUDY,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to serve on; the default is this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT")] = 8501,
    root: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER", help="A folder tree that videos may be added from; repeatable."
        ),
    ] = None,
    open_: Annotated[
        bool,
        typer.Option("--open", help="Let everybody who reaches HOST change the study, unasked."),
    ] = False,
    identity_header: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Header in which a signing-in proxy on this machine names the person.",
        ),
    ] = None,
) -> None:
    """Open the study in a browser: watch, track, ask.

    Once the study has people (ethoscribe people add), everybody signs in. Another host than this
    machine needs that, or --open.

    \b
    Example:
      ethoscribe ui -s study
      ethoscribe ui -s study --port 8600 --root /data/videos
      ethoscribe ui -s study --host 0.0.0.0
      ethoscribe ui -s study --identity-header X-Forwarded-User
    """
    from app.server.identity import Access, is_local
    from app.server.serve import serve

    access = Access(open=open_ or is_local(host), header=identity_header)
    serve(study, host=host, port=port, roots=root or [], access=access)
