"""What `ethoscribe track` reads of settings, and what it says of a video."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from app.commands.shared import count, say
from app.jobs.spelled import spell_settings

if TYPE_CHECKING:
    from app.jobs.tracking_summary import TrackSummary
    from app.jobs.tracking_task import Chosen


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """Read KEY=VALUE pairs; numbers, true, false and null are read as such, the rest as text.

    >>> parse_settings(["threshold=30", "background=median", "dark=true"])
    {'threshold': 30, 'background': 'median', 'dark': True}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="'--set'")
        try:
            settings[key.strip()] = json.loads(value)
        except json.JSONDecodeError:
            settings[key.strip()] = value
    return settings


def tell_settings(chosen: "Chosen", video: str, tell: Callable[[str], None]) -> list[str]:
    """Say with which settings the long work begins; return the warnings that were said."""
    if chosen.found_by:
        tell(f"{video}: {chosen.found_by}")
    tell(f"{video}: settings {spell_settings(chosen.settings)}")
    parts = dict(chosen.tuning)
    score = parts.pop("score", 0.0)
    parts.pop("one_more", None)  # said as a warning where it counts
    spelled = ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
    tell(f"{video}: tuning score {score:.3f} of 1 ({spelled})")
    for line in chosen.warnings:
        tell(f"Warning: {video}: {line}")
    return chosen.warnings


def what_force_takes(study: Path, video: str) -> str:
    """What a person did to the present tracks, which tracking again would take away."""
    from app.library import corrections_of
    from storage.study import open_study
    from storage.videos import find_video

    with open_study(study) as opened:
        video_id = find_video(opened, video).video_id
    made = corrections_of(study, video_id)
    return f" and takes {count(made, 'correction')} by hand with the old tracks" if made else ""


def tell_summary(
    summary: "TrackSummary", study: Path, said: list[str], lost: str = "",
    tell: Callable[[str], None] = say,
) -> None:  # fmt: skip
    """Say what was done, how well, and the warnings that were not said yet."""
    from app.keeping.run_list import way_back

    name = summary.video
    if summary.skipped:
        tell(f"{name}: already tracked; --force tracks it again{lost}.")
        return
    if summary.removed_bouts:
        bouts = count(sum(summary.removed_bouts.values()), "bout")
        kept = ", ".join(summary.removed_bouts)
        tell(
            f"{name}: {bouts} of {kept} came from the old tracks and went with them; "
            "`ethoscribe ask QUESTION --save NAME` makes them anew. To bring the old tracks back "
            f"with them: {way_back(study, name)}."
        )
    done = f"{summary.frames} frames"
    if summary.new_frames < summary.frames:
        done += f", {summary.new_frames} of them now,"
    speed = summary.new_frames / summary.seconds if summary.seconds > 0 else 0.0
    tell(
        f"{name}: {done} in {summary.seconds:.1f} s ({speed:.0f} frames/s), "
        f"animals seen in {summary.share_detected:.1%} of all frames"
    )
    if summary.doubtful:
        places = count(summary.doubtful, "doubtful place")
        tell(f"{name}: {places}: the Review page leads there, --report shows pictures")
    for line in [one for one in summary.warnings if one not in said]:
        tell(f"Warning: {name}: {line}")
