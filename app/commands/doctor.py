"""`ethoscribe doctor`: what is installed and what is missing."""

import typer

from app.commands.shared import JsonOption, show, show_json


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)


def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed, which GPU and model endpoint there are, and what is missing.

    \b
    Example:
      ethoscribe doctor
      ethoscribe doctor --json
    """
    from app.doctor import examine

    report = examine()
    if as_json:
        show_json(report.to_json())
    else:
        for finding in report.findings:
            show(finding.line())
        show(report.verdict())
    if not report.ok:
        raise typer.Exit(1)
