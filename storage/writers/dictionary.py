"""The data dictionary beside every export: what is in it, what it means, where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.provenance import provenance_of
from storage.study import Study
from storage.videos import find_video
from storage.writers.columns import Column
from storage.writers.drafts import draft_of
from storage.writers.provenance import hash_of

ENDING = ".dictionary.md"
MISSING = (
    "Missing is empty, NULL or NaN unless a column says otherwise, never 0 or -1. Nothing is "
    "computed across a gap. Frames count from 0; a bout begins with start_frame and ends before "
    "stop_frame. Times are those of the video file, in s from its first frame. x is px from the "
    "left edge of the picture, y px down from the top edge."
)


@dataclass(frozen=True)
class Origin:
    """Where the numbers of one video come from, and how much of each animal was found."""

    facts: Mapping[str, Any]  # of storage.provenance
    animals: tuple[tuple[int, str, float | None], ...]  # number, name, share of frames found


def origins(study: Study, videos: Iterable[str | int]) -> list[Origin]:
    """The origins of some videos of a study."""
    return [_origin(study, key) for key in videos]


def dictionary_of(export: Path) -> Path:
    """Where the dictionary of an export lies: beside a file, inside a folder.

    >>> dictionary_of(Path("tracks.csv")).name
    'tracks.csv.dictionary.md'
    """
    return export / "dictionary.md" if export.is_dir() else export.with_name(export.name + ENDING)


def write_dictionary(export: Path, text: str) -> Path:
    """Write the dictionary of an export whole, or not at all."""
    path = dictionary_of(export)
    with draft_of(path) as draft:
        draft.write_text(text, encoding="utf-8")
    return path


def describe(
    title: str,
    columns: Sequence[Column],
    found: Sequence[Origin],
    definitions: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> str:
    """The dictionary as Markdown; `definitions` are of measures, by name."""
    exported = found[0].facts["exported"] if found else {}
    parts = [
        f"# {title}",
        f"Written {exported.get('at')} by {exported.get('by') or 'somebody'} with "
        f"{exported.get('program')}." if exported else "",
        *(f"- {note}" for note in notes),
        "## Columns",
        _table(("name", "unit", "meaning", "missing"),
               [(one.name, one.unit, one.meaning, one.missing) for one in columns]),
        MISSING,
        "## Videos",
        _table(VIDEOS, [_video(one) for one in found]),
        "## Tracking",
        _table(RUNS, [_run(one) for one in found if one.facts.get("run")]) or "None is tracked.",
        "## Animals",
        _table(("video", "number", "animal", "share of frames found"),
               [(one.facts["video"]["name"], *animal) for one in found for animal in one.animals])
        or "None is known by name.",
    ]  # fmt: skip
    bouts = [(one.facts["video"]["name"], bout) for one in found for bout in one.facts["bouts"]]
    if bouts:
        parts += ["## Behaviours", _table(BOUTS, [_bout(name, bout) for name, bout in bouts])]
    if definitions:
        parts += ["## Definitions", _table(("measure", "definition"), sorted(definitions.items()))]
    return "\n\n".join(part for part in parts if part) + "\n"


VIDEOS = ("video", "file", "frames", "frames/s", "px/cm", "content hash")
RUNS = ("video", "run", "found by", "settings hash", "versions", "by", "begun", "took (s)",
        "corrections by hand")  # fmt: skip
BOUTS = ("video", "behaviour", "found by", "bouts", "definition", "analysis", "by", "when",
         "versions")  # fmt: skip


def _origin(study: Study, key: str | int) -> Origin:
    video = find_video(study, key)
    rows = study.rows(
        "SELECT a.animal_id, a.name, avg(t.detected::INTEGER) FROM animals a "
        "LEFT JOIN (SELECT * FROM tracks SEMI JOIN (FROM runs WHERE active) USING (run_id)) t "
        "ON t.video_id = a.video_id AND t.animal_id = a.animal_id "
        "WHERE a.video_id = ? GROUP BY ALL ORDER BY a.animal_id",
        [video.video_id],
    )
    return Origin(provenance_of(study, video.video_id), tuple(rows))


def _video(one: Origin) -> tuple[Any, ...]:
    video = one.facts["video"]
    scale = repr(video["px_per_cm"]) if video["px_per_cm"] is not None else "not known"
    return (
        video["name"], video["file"], video["n_frames"], video["fps"], scale,
        video["content_hash"],
    )  # fmt: skip


def _run(one: Origin) -> tuple[Any, ...]:
    run = one.facts["run"]
    return (
        one.facts["video"]["name"], run["run_id"], run["segmenter"], hash_of(run["settings"]),
        _versions(run["versions"]), run.get("made_by"), run["started_at"], run.get("seconds"),
        _corrections(run),
    )  # fmt: skip


def _corrections(run: Mapping[str, Any]) -> str:
    """How many corrections stand, and how many rows they changed.

    >>> _corrections({"corrections": 2, "edited_rows": {"interpolated": 21, "swapped": 4}})
    '2 (rows of tracks: 21 interpolated, 4 swapped)'
    """
    rows = ", ".join(f"{n} {name}" for name, n in (run.get("edited_rows") or {}).items())
    return f"{run.get('corrections')}" + f" (rows of tracks: {rows})" * bool(rows)


def _bout(video: str, bout: Mapping[str, Any]) -> tuple[Any, ...]:
    analysis = bout.get("analysis") and f"{bout['analysis']}, version {bout.get('version')}"
    return (
        video, bout["behaviour"], bout.get("annotator") or bout["source"], bout["bouts"],
        bout.get("definition"), analysis, bout.get("author"), bout.get("made_at"),
        _versions(bout.get("versions") or {}),
    )  # fmt: skip


def _versions(versions: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; empty without rows."""
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").split())
