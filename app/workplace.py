"""Which study the browser pages show and which server folders a person may look into."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import AppError
from storage.study import is_study

VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".mts", ".m2ts",
     ".ts", ".flv", ".ogv", ".h264", ".mjpeg")
)  # fmt: skip
UPLOAD_LIMIT_MB = 200  # an upload is held in memory; larger files are added where they lie


@dataclass(frozen=True)
class Listing:
    """One server folder as a person browses it."""

    folder: Path
    parent: Path | None  # None at the top of an allowed tree
    folders: list[Path] = field(default_factory=list)
    videos: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Workplace:
    """A study folder and the folder trees from which videos may be added."""

    study: Path
    roots: tuple[Path, ...]

    @classmethod
    def of(cls, study: Path | str, roots: Iterable[Path | str] = ()) -> Workplace:
        """Allow the study's parent folder, `roots` and the folders of ETHOSCRIBE_ROOTS."""
        folder = Path(study).expanduser().resolve()
        named = [part for part in os.environ.get("ETHOSCRIBE_ROOTS", "").split(os.pathsep) if part]
        wanted = [folder.parent, *(Path(root).expanduser().resolve() for root in [*roots, *named])]
        missing = [str(root) for root in wanted[1:] if not root.is_dir()]
        if missing:
            raise AppError(f"No such folder to browse: {', '.join(missing)}. Give an existing one.")
        return cls(folder, tuple(dict.fromkeys(wanted)))

    def allowed(self, path: Path | str) -> Path:
        """Resolve `path` (links too) and return it if it lies inside an allowed tree."""
        try:
            real = Path(path).expanduser().resolve()
        except (OSError, ValueError, RuntimeError) as error:  # NUL, a circle of links, no home
            raise AppError(f"{str(path)!r} is no path of this server.") from error
        if not any(real == root or real.is_relative_to(root) for root in self.roots):
            raise AppError(
                f"{real} is outside the folders this server may show. "
                "Start it with --root FOLDER to allow another one."
            )
        other = next((one for one in (real, *real.parents) if is_study(one)), self.study)
        if other != self.study:
            raise AppError(f"{other} is another study. Add its videos from where they were filmed.")
        return real

    def browse(self, folder: Path | str) -> Listing:
        """List the folders and videos of one allowed folder, hidden names left out."""
        real = self.allowed(folder)
        try:
            entries = sorted(real.iterdir(), key=lambda entry: entry.name.lower())
        except OSError as error:
            raise AppError(f"Cannot read the folder {real}: {error.strerror}.") from error
        shown = [entry for entry in entries if self._may_show(entry)]
        return Listing(
            folder=real,
            parent=None if real in self.roots else real.parent,
            folders=[entry for entry in shown if entry.is_dir() and entry != self.study],
            videos=[e for e in shown if e.suffix.lower() in VIDEO_SUFFIXES and e.is_file()],
        )

    def _may_show(self, entry: Path) -> bool:
        """Whether a file or folder is for people to see; a link counts as what it leads to."""
        if entry.name.startswith("."):
            return False
        try:
            self.allowed(entry)
        except (AppError, OSError):
            return False
        return True


_current: Workplace | None = None


def choose(place: Workplace) -> None:
    """Set the workplace of this server process; `app.server.serve` does this once."""
    global _current
    _current = place


def workplace() -> Workplace:
    """Return the workplace of this server process (default: ./study)."""
    return _current or Workplace.of("study")
