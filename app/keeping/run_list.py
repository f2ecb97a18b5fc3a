"""The runs of a study in words: what there is, what one is made of, what rests on it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from storage.provenance import bout_facts, provenance_of, run_facts
from storage.runs import Run, runs
from storage.study import Study, StudyError, open_study
from storage.videos import find_video, videos
from storage.withdrawing import Resting, resting_on, restore_run, withdraw_run

COLUMNS = (
    "run", "video", "state", "made_by", "started", "segmenter", "animals", "found", "withdrawn",
)  # fmt: skip
UNKNOWN = "not noted"
STATES = {"active": "in use", "withdrawn": "out of sight", "gone": "removed for good"}
ON_PAGES = "on the page Videos, 'Where do the numbers come from?' below the video"


def list_runs(folder: Path, video: str | None = None) -> list[dict[str, Any]]:
    """Every run of a study, or of one video, oldest first."""
    with open_study(folder) as study:
        only = find_video(study, video).video_id if video is not None else None
        names = {one.video_id: one.name for one in videos(study)}
        return [_line(run, names[run.video_id or 0]) for run in runs(study, only)]


def _line(run: Run, video: str) -> dict[str, Any]:
    withdrawn = run.withdrawn_at.isoformat(timespec="seconds") if run.withdrawn_at else None
    values = (
        run.run_id, video, state_of(run), run.made_by,
        run.started_at.isoformat(timespec="seconds"), run.segmenter, run.n_animals,
        run.share_detected, withdrawn,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def state_of(run: Run) -> str:
    """What became of a run: active, withdrawn (it can come back) or gone (its rows are)."""
    if run.active:
        return "active"
    return "gone" if run.withdrawn_at is None or run.purged_at else "withdrawn"


def has_runs(folder: Path, video: str) -> bool:
    """Whether there are runs of a video, if only deleted ones."""
    return bool(list_runs(folder, video))


def show_run(folder: Path, name: str) -> dict[str, Any]:
    """One run wholly, and what rests on it; a video's name stands for its active run."""
    with open_study(folder) as study:
        facts = run_facts(study, _run_named(study, name))
        if facts is None:
            raise StudyError(f"The study has no run '{name}': ethoscribe runs lists them.")
        video_id = find_video(study, facts["video"]).video_id
        facts["bouts"] = bout_facts(study, video_id) if facts["state"] == "active" else []
        return facts


def _run_named(study: Study, name: str) -> str:
    """The run of this name or that begins with it, or the active one of a video of this name."""
    known = runs(study)
    found = [one.run_id for one in known if one.run_id == name] or [
        one.run_id for one in known if len(name) >= 4 and one.run_id.startswith(name)
    ]
    if len(found) == 1:
        return found[0]
    for video in videos(study):
        if video.name == name:
            active = [one.run_id for one in known if one.active and one.video_id == video.video_id]
            if active:
                return active[0]
            raise StudyError(f"Video '{name}' is not tracked.")
    raise StudyError(f"The study has no run '{name}': ethoscribe runs lists them.")


def at_stake(folder: Path, name: str) -> Resting:
    """What goes out of sight when a run is deleted."""
    with open_study(folder) as study:
        return resting_on(study, _run_named(study, name))


def delete_run(folder: Path, name: str) -> Resting:
    """Take a run out of sight; `bring_back` undoes it."""
    with open_study(folder, write=True) as study:
        return withdraw_run(study, _run_named(study, name))


def bring_back(folder: Path, name: str) -> Resting:
    """Bring back a run that was deleted or replaced: by its name, or the last one of a video."""
    with open_study(folder, write=True) as study:
        return restore_run(study, _withdrawn_named(study, name))


def _withdrawn_named(study: Study, name: str) -> str:
    for video in videos(study):
        if video.name == name:
            gone = [run for run in runs(study, video.video_id) if state_of(run) == "withdrawn"]
            if not gone:
                raise StudyError(f"No run of '{name}' can be brought back: none was deleted.")
            return max(gone, key=lambda run: str(run.withdrawn_at)).run_id
    return _run_named(study, name)


def way_back(folder: Path, name: str) -> str:
    """Where a run that was deleted or replaced is brought back: by its name, or its video's.

    >>> way_back(Path("lab/mice"), "cage 1").split(", or ")[0]
    "`ethoscribe runs restore 'cage 1' -s lab/mice`"
    """
    command = shlex.join(["ethoscribe", "runs", "restore", name, "-s", str(folder)])
    return f"`{command}`, or {ON_PAGES}"


def in_words(facts: Resting) -> str:
    """What rests on a run, as a question and an answer say it.

    >>> in_words(Resting("r1", "cage", 3000, 2, 1))
    '3,000 rows of tracks of cage, 2 bouts that analyses found in them and 1 correction by hand'
    """
    found = [f"{facts.rows:,} rows of tracks of {facts.video}"]
    if facts.bouts:
        found.append(f"{facts.bouts} bout{'s'[: facts.bouts != 1]} that analyses found in them")
    if facts.corrections:
        found.append(f"{facts.corrections} correction{'s'[: facts.corrections != 1]} by hand")
    return " and ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else found[0]


def where_from(folder: Path, video: str | int) -> list[tuple[str, str]]:
    """Where the numbers of a video come from, in pairs of a name and a text."""
    with open_study(folder) as study:
        facts = provenance_of(study, video)
    rows = [("Film", f"{facts['video']['file']}, content hash {facts['video']['content_hash']}")]
    if facts["run"]:
        rows += run_rows(facts["run"])
    else:
        rows += [("Video", facts["video"]["name"]), ("Run", "none is in use: it is not tracked")]
    for one in facts["bouts"]:
        rows.append((f"Bouts of {one['behaviour']}", _bout_words(one)))
    drawn: dict[str, list[str]] = {}
    for one in facts["regions"]:
        by = f"drawn by {one['drawn_by'] or UNKNOWN}, {_when(one['drawn_at'])}"
        drawn.setdefault(by, []).append(one["name"])
    return rows + [("Regions", f"{', '.join(names)}: {by}") for by, names in drawn.items()]


def run_rows(run: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts of one run in pairs of a name and a text."""
    asked = run["settings"].get("asked") or {}
    same = run["video_hash"] in (None, run["content_hash"])
    rows = [
        ("Run", f"{run['run_id']} ({STATES[run['state']]})"),
        ("Video", run["video"]),
        ("Made by", f"{run['made_by'] or UNKNOWN}, {_when(run['started_at'])}"),
        ("Took", f"{run['seconds']:.1f} s"),
        ("Found by", f"{found_by(run['segmenter'])}, {run['n_animals']} animals, seen in "
                     f"{run['share_detected']:.1%} of all frames"),
        ("Hash of the film", (run["video_hash"] or UNKNOWN)
                             + ("" if same else f"; the film is {run['content_hash']} now")),
        ("Versions", ", ".join(f"{name} {one}" for name, one in run["versions"].items())),
        ("Corrections by hand", str(run["corrections"])),
    ]  # fmt: skip
    if asked:
        words = (f"{k.replace('n_', '').replace('_', ' ')} {v}" for k, v in asked.items())
        rows.insert(5, ("Asked for", ", ".join(words)))
    if run["withdrawn_at"]:
        why = f", replaced by {run['replaced_by']}" if run["replaced_by"] else ""
        rows.append(
            ("Withdrawn", f"{run['withdrawn_by'] or UNKNOWN}, {_when(run['withdrawn_at'])}{why}")
        )
    return rows


def settings_rows(folder: Path, video: str) -> list[tuple[str, str]]:
    """Every setting and timing of the active run of a video; none where it is not tracked."""
    with open_study(folder) as study:
        run = provenance_of(study, video)["run"]
    if run is None:
        return []
    rows = [(name, str(one)) for name, one in run["settings"].items() if name != "asked"]
    return rows + [(f"time: {name}", str(one)) for name, one in run["timings"].items()]


def found_by(segmenter: str) -> str:
    """How animals are found, in words.

    >>> found_by("background"), found_by("yolo")
    ('difference from the empty background', 'yolo')
    """
    return "difference from the empty background" if segmenter == "background" else segmenter


def _bout_words(one: dict[str, Any]) -> str:
    words = [f"{one['bouts']} by {one['annotator'] or one['source']}"]
    if one["analysis"]:
        words.append(f"kept answer '{one['analysis']}' version {one['version']}")
    settings = one["settings"] or {}
    if settings.get("file"):
        words.append(f"from {settings['file']}")
    if one["run_id"]:
        words.append(f"on run {one['run_id']}")
    program = (one["versions"] or {}).get("ethoscribe")
    words.append(f"ethoscribe {program}" if program else f"version {UNKNOWN}")
    return ", ".join([*words, _when(one["made_at"])])


def _when(moment: str | None) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC" if moment else f"time {UNKNOWN}"
