"""BORIS: a project with the ethogram, the subjects, and an observation per video and watcher.

A state is two events there, its start and its stop, that belong together by subject, behaviour
and modifiers; so bouts that overlap in all of them go into an observation of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from storage.ethogram import Behaviour
from storage.scored_bouts import NO_SUBJECT
from storage.writers.columns import Column
from storage.writers.provenance import facts_of
from storage.writers.taking import Taken, rows_of

NAME, TITLE, ENDING = "boris", "BORIS project", ".boris"
HOLDS, MANY, NEEDS = ("bouts",), True, ()
COLUMNS = (
    Column("events: time", "s", "Time in the video; a state has a start and a stop"),
    Column("events: subject", "", "Animal that does it", "empty: no focal subject"),
    Column("events: code", "", "Name of the behaviour, as in behaviors_conf"),
    Column("events: modifier", "", "Values of the modifiers by |; the target is a modifier, too",
           "None"),
    Column("events: comment", "", "What the person wrote of it", "empty"),
    Column("events: frame index", "frames", "Frame of the event, from 0; that of a stop is the "
           "first frame after the bout"),
)  # fmt: skip
VERSION, TARGET, NOTHING = "7.0", "target", "None"
FORBIDDEN = str.maketrans({c: "_" for c in "(|),`~"})  # BORIS takes its texts apart by these
PLAYERS = [str(number) for number in range(1, 9)]


def write(
    videos: Sequence[Taken], what: str, file: Path, step: Callable[[int, int], None]
) -> list[str]:
    """Write one project with the bouts of all videos."""
    ethogram = _ethogram(videos)
    observations: dict[str, Any] = {}
    for number, taken in enumerate(videos):
        for name, bouts in _watched(taken):
            observations[_free(name, observations)] = _observation(taken, bouts, ethogram)
        step(number + 1, len(videos))
    project = {
        "time_format": "hh:mm:ss",
        "project_date": _date(videos),
        "project_name": file.name.split(".")[0] or "ethoscribe",
        "project_description": "Written by ethoscribe; media are found beside this file.",
        "project_format_version": VERSION,
        "subjects_conf": _subjects(videos),
        "behaviors_conf": ethogram,
        "observations": observations,
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": _variables(videos),
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
        "ethoscribe": [facts_of(taken) for taken in videos],
    }
    # ASCII alone: BORIS reads its projects in the encoding of the computer it runs on.
    file.write_text(json.dumps(project, indent=1, default=str), encoding="ascii")
    return []


def said_of(row: Any) -> dict[str, str]:
    """What is said of a bout more closely, as BORIS' modifiers: the target is one of them."""
    given = json.loads(row.modifiers) if isinstance(row.modifiers, str) else {}
    found = {
        _clean(name): ",".join(_clean(one) for one in (v if isinstance(v, list) else [v]))
        for name, v in (given or {}).items()
    }
    target = row.target if isinstance(row.target, str) else None
    return {TARGET: _clean(target), **found} if target else found


def _ethogram(videos: Sequence[Taken]) -> dict[str, Any]:
    """Every behaviour with its type, and the modifiers that any of its bouts has."""
    listed = {one.behaviour: one for taken in videos for one in taken.ethogram}
    found: dict[tuple[str, str], dict[str, dict[str, None]]] = {
        (one.behaviour, one.kind): {
            _clean(each.name): dict.fromkeys(map(_clean, each.values)) for each in one.modifiers
        }
        for one in listed.values()
    }
    for taken in videos:
        for row in rows_of(taken.bouts):
            sets = found.setdefault((str(row.behaviour), str(row.kind)), {})
            for name, text in said_of(row).items():
                sets.setdefault(name, {}).update(dict.fromkeys(text.split(",")))
    names = [name for name, _ in found]
    conf = {}
    for number, ((name, kind), sets) in enumerate(sorted(found.items(), key=_first)):
        line = listed.get(name) or Behaviour(name)
        both = names.count(name) > 1 and kind == "point"  # a code has one type in BORIS
        conf[str(number)] = {
            "type": "Point event" if kind == "point" else "State event",
            "key": line.key or "", "code": f"{name} (point)" if both else name,
            "description": line.description, "color": line.colour, "category": "",
            "excluded": "", "coding map": "",
            "modifiers": {
                str(at): {"name": title, "description": "", "type": _selection(videos, name, title),
                          "ask at stop": False, "values": list(values)}
                for at, (title, values) in enumerate(sets.items())
            },
        }  # fmt: skip
    return conf


def _first(one: tuple[tuple[str, str], Any]) -> tuple[str, bool]:
    """By name; the state goes before the point of the same name, which gets another one."""
    (name, kind), _ = one
    return name, kind == "point"


def _selection(videos: Sequence[Taken], behaviour: str, title: str) -> int:
    """0: one value is chosen of the set, 1: several."""
    return int(
        any(
            "," in said_of(row).get(title, "")
            for taken in videos
            for row in rows_of(taken.bouts)
            if row.behaviour == behaviour
        )
    )


def _watched(taken: Taken) -> Iterator[tuple[str, pd.DataFrame]]:
    """The bouts of every watcher; those that overlap in everything in a round of their own."""
    bouts = taken.bouts
    who = bouts["annotator"].fillna(bouts["source"]).astype(str)
    for name, mine in bouts.groupby(who, sort=True):
        title = f"{taken.video.name} ({name})" if who.nunique() > 1 else taken.video.name
        rounds = _rounds(mine)
        for number in sorted(set(rounds)):
            more = f" - {number + 1}" if number else ""
            yield title.strip() + more, mine[[one == number for one in rounds]]
    if not len(bouts):
        yield taken.video.name.strip(), bouts


def _rounds(bouts: pd.DataFrame) -> list[int]:
    """For each bout the first round in which nothing like it lasts still."""
    last: dict[tuple[Any, ...], list[int]] = {}
    found = []
    for row in rows_of(bouts):
        ends = last.setdefault((row.behaviour, row.kind, row.subject, str(said_of(row))), [])
        free = next((n for n, end in enumerate(ends) if end <= row.start_frame), len(ends))
        ends[free : free + 1] = [row.stop_frame + (row.kind == "point")]
        found.append(free)
    return found


def _observation(taken: Taken, bouts: pd.DataFrame, ethogram: dict[str, Any]) -> dict[str, Any]:
    video, media = taken.video, taken.video.path.name
    has = video.has_pictures
    return {
        "file": {player: [media] if player == "1" else [] for player in PLAYERS},
        "type": "MEDIA",
        "date": video.added_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "description": f"content hash {video.content_hash}",
        "time offset": 0.0,
        "events": sorted(_events(bouts, ethogram)),
        "observation time interval": [0, 0],
        "independent_variables": dict(taken.known),
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {media: video.duration_s},
            "fps": {media: float(video.fps)},
            "hasVideo": {media: has},
            "hasAudio": {media: False},
            "offset": {"1": 0.0},
        },
    }


def _events(bouts: pd.DataFrame, ethogram: dict[str, Any]) -> Iterator[list[Any]]:
    sets = {conf["code"]: [one["name"] for one in conf["modifiers"].values()]
            for conf in ethogram.values()}  # fmt: skip
    types = {conf["code"]: conf["type"] for conf in ethogram.values()}
    for row in rows_of(bouts):
        code = str(row.behaviour)
        if row.kind == "point" and types[code] == "State event":
            code = f"{code} (point)"
        said = said_of(row)
        modifier = "|".join(said.get(name, NOTHING) for name in sets[code])
        subject = "" if row.subject == NO_SUBJECT else str(row.subject)
        comment = row.comment if isinstance(row.comment, str) else ""
        yield [float(row.start_s), subject, code, modifier, comment, int(row.start_frame)]
        if row.kind == "state":
            yield [float(row.stop_s), subject, code, modifier, "", int(row.stop_frame)]


def _subjects(videos: Sequence[Taken]) -> dict[str, Any]:
    named = [name for taken in videos for name in taken.animals.values()]
    named += [name for taken in videos for name in taken.bouts["subject"] if name != NO_SUBJECT]
    return {
        str(number): {"key": "", "name": name, "description": ""}
        for number, name in enumerate(dict.fromkeys(map(str, named)))
    }


def _variables(videos: Sequence[Taken]) -> dict[str, Any]:
    named = dict.fromkeys(name for taken in videos for name in taken.known)
    return {
        str(number): {"label": name, "description": "", "type": "text", "default value": "",
                      "possible values": ""}
        for number, name in enumerate(named)
    }  # fmt: skip


def _date(videos: Sequence[Taken]) -> str:
    return max(taken.video.added_at for taken in videos).strftime("%Y-%m-%dT%H:%M:%S")


def _clean(text: object) -> str:
    return str(text).translate(FORBIDDEN).strip()


def _free(name: str, taken: dict[str, Any]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name} - {number}", number + 1
    return free
