"""BORIS projects (.boris): every observation with its events, states paired."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path, PureWindowsPath
from typing import Any

import pandas as pd

from storage.errors import StudyError
from storage.readers.files import Head, read_json
from storage.readers.poses import rate_of
from storage.readers.scored import (
    SECONDS,
    Bouts,
    Event,
    Recording,
    checked,
    pair,
    table,
    unpaired_notes,
)

NAME, TITLE, GIVES = "boris", "BORIS project", "bouts"
KINDS = ("json",)  # of files
FILES = ".boris, with all observations in it"
_TARGET = "target"  # a set of modifiers of this name says to whom something is done
_KINDS = {"state event": "either", "point event": "point"}


def looks_like(head: Head) -> bool:
    """Whether a file is a project of BORIS."""
    found = head.json if head.kind == "json" else None
    return isinstance(found, dict) and {"observations", "behaviors_conf"} <= set(found)


def read(path: Path) -> Bouts:
    """Read every observation; times are those of the video, without BORIS' time offset."""
    project = read_json(path)
    ethogram = {str(one["code"]): one for one in project["behaviors_conf"].values()}
    if len(ethogram) < len(project["behaviors_conf"]):
        raise ValueError("two behaviours of its ethogram have one name")
    tables, recordings, notes = [], {}, []
    for name, observation in project["observations"].items():
        found, media, told = _observation(path, str(name), observation, ethogram)
        notes += told
        recordings.update(media)
        tables.append(found)
    rows = pd.concat(tables, ignore_index=True) if tables else table([])
    return checked(
        Bouts(NAME, SECONDS, rows, recordings, behaviours=tuple(ethogram), notes=tuple(notes))
    )


def _observation(
    path: Path, name: str, observation: dict[str, Any], ethogram: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Recording], list[str]]:
    kind = str(observation["type"]).upper()
    if kind not in ("MEDIA", "LIVE", "IMAGES"):
        raise ValueError(f"observation '{name}' is of type {kind}")
    if kind == "IMAGES":
        return table([]), {}, [f"{name}: scored on pictures, which have no times: left out"]
    offset = float(observation["time offset"] or 0) if kind == "MEDIA" else 0.0
    events = [_event(name, one, ethogram, offset) for one in observation["events"]]
    if any(after.time < before.time for before, after in pairwise(events)):
        raise StudyError(
            f"{path}: the events of observation '{name}' are not in the order of time: open the "
            "project in BORIS and save it."
        )
    rows, alone = _paired(events)
    media, parts = _media(observation) if kind == "MEDIA" else ({}, [])
    if len(parts) < 2:
        recordings = {name: Recording(tuple(media), None, _rate(observation, media))}
        return table(rows, name), recordings, unpaired_notes(alone, name)
    of_media, recordings, cut = _by_media(name, rows, parts, observation)
    told = [f"{name}: {cut} bouts run from one video into the next, cut there"] if cut else []
    found = pd.concat([table(some, part) for part, some in of_media.items()], ignore_index=True)
    return found, recordings, [*unpaired_notes(alone, name), *told]


def _event(name: str, line: list[Any], ethogram: Mapping[str, Any], offset: float) -> Event:
    time, subject, code, modifiers, comment = line[:5]
    if str(code) not in ethogram:
        raise ValueError(
            f"observation '{name}' has the behaviour '{code}', which its ethogram has not: add it "
            "there"
        )
    if isinstance(time, bool) or not isinstance(time, int | float):
        raise ValueError(f"observation '{name}' has an event at {time!r}")
    conf = ethogram[str(code)]
    what = next((_KINDS[kind] for kind in _KINDS if str(conf["type"]).lower().startswith(kind)), "")
    if not what:
        raise ValueError(f"behaviour '{code}' is a {conf['type']}")
    said = _modifiers(str(modifiers or ""), conf.get("modifiers") or {})
    target = said.pop(_TARGET, None)
    remark = str(comment).strip() or None
    return Event(time - offset, what, str(code), str(subject) or None, said, remark, target)


def _modifiers(text: str, sets: Mapping[str, Any]) -> dict[str, Any]:
    """What is said more closely, by the name of its set or its number; "None" says nothing."""
    names = [str(one.get("name") or "").strip() for one in sets.values()] if sets else []
    found = {}
    for number, value in enumerate(text.split("|") if text else []):
        name = names[number] if number < len(names) else ""
        if value.strip() not in ("", "None"):
            found[name or f"modifier {number + 1}"] = value.strip()
    return found


def _paired(events: list[Event]) -> tuple[list[dict[str, Any]], list[str]]:
    """The bouts of an observation, without states of which an end is missing.

    BORIS does not write which event starts a state. When their number is odd nobody can tell
    which one is missing, and all that follow it would be turned inside out.
    """
    of: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        key = (
            event.behaviour,
            f"{event.subject}{event.target}{sorted((event.modifiers or {}).items())}",
        )
        of.setdefault(key, []).append(event)
    alone, good = [], []
    for several in of.values():
        if several[0].what == "either" and len(several) % 2:
            who = f" of {several[0].subject}" if several[0].subject else ""
            alone.append(f"{several[0].behaviour}{who} has {len(several)} events, an odd number")
        else:
            good += several
    return pair(good)[0], alone


def _media(observation: dict[str, Any]) -> tuple[list[str], list[tuple[str, float]]]:
    """Files of the first player, and (file, length in s) where several are played in a row."""
    players = observation["file"]
    files = [str(one) for one in players.get("1", [])] if isinstance(players, dict) else []
    if len(files) < 2:
        return [PureWindowsPath(one).name for one in files], []
    lengths = observation["media_info"]["length"]
    return (
        [PureWindowsPath(one).name for one in files],
        [(PureWindowsPath(one).name, float(lengths[one])) for one in files],
    )


def _by_media(
    name: str, rows: list[dict[str, Any]], parts: list[tuple[str, float]], observation: Any
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Recording], int]:
    """The bouts of each video of an observation, in its own time."""
    found: dict[str, list[dict[str, Any]]] = {}
    recordings = {}
    begin, cut = 0.0, 0
    for number, (media, length) in enumerate(parts):
        end = begin + length if number + 1 < len(parts) else float("inf")
        part = f"{name} / {media}"
        recordings[part] = Recording((media,), length, _rate(observation, [media]))
        found[part] = []
        for row in rows:
            inside = begin <= row["start"] < end
            if inside or begin < row["stop"] < end or (row["start"] < begin and row["stop"] > end):
                start, stop = max(row["start"], begin), min(row["stop"], end)
                cut += inside and row["stop"] > end
                found[part].append({**row, "start": start - begin, "stop": stop - begin})
        begin = end
    return found, recordings, cut


def _rate(observation: dict[str, Any], media: Any) -> Fraction | None:
    rates = (observation.get("media_info") or {}).get("fps") or {}
    named = {PureWindowsPath(str(file)).name: rate for file, rate in rates.items()}
    found = {float(named[one]) for one in media if named.get(one)}
    return rate_of(found.pop()) if len(found) == 1 else None
