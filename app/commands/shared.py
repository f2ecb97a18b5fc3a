"""What the commands share: the study option, and the two ways to speak (data, talk)."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

StudyOption = Annotated[
    Path, typer.Option("--study", "-s", metavar="FOLDER", help="The study folder.")
]
VideoOption = Annotated[
    str | None,
    typer.Option("--video", metavar="NAME", help="One video of the study, by its name."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

DEFAULT_STUDY = Path("study")


def say(text: str) -> None:
    """Talk to the person at the terminal (stderr), so that stdout stays clean data."""
    typer.echo(text, err=True)


def show(text: str) -> None:
    """Put data on stdout."""
    typer.echo(text)


def show_json(record: Any) -> None:
    """Put one JSON object on stdout; NaN and infinity, which JSON has not, become null."""
    text = json.dumps(_plain(record), indent=2, ensure_ascii=False, allow_nan=False)
    typer.echo(text)


def _plain(value: Any) -> Any:
    """Turn numpy numbers, paths and NaN inside a record into what JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def count(items: int, noun: str) -> str:
    """Count things in words.

    >>> count(1, "video"), count(3, "video")
    ('1 video', '3 videos')
    """
    return f"{items} {noun}" if items == 1 else f"{items} {noun}s"
