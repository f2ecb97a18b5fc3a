"""The sections of a report that say how tracks were made, and how to make them again."""

from __future__ import annotations

import shlex
from html import escape
from typing import Any

from app.figures.report_facts import Facts
from app.figures.report_parts import STAGES, table
from storage.runs import Run
from tracking.networks.running.settings import NetworkSettings
from tracking.subtraction.background import BackgroundSettings

MEANS = {
    "statistic": "how the picture of the empty arena was made",
    "animals": "compared with the floor",
    "contrast": "gray levels (absolute), or a share of the floor's brightness (relative)",
    "threshold": "what differs by more is an animal",
    "black_level": "gray level of black in this video",
    "min_area_px": "smaller outlines are no animals, px²",
    "max_area_px": "larger ones are no animals, px²",
    "typical_area_px": "of one animal, px²",
    "areas_px": "of each animal where their sizes differ much, px²; empty where they do not",
    "typical_length_px": "of one animal, px",
    "open_px": "radius by which tails, legs and specks are taken off, px",
    "most_strange": "a frame of which more changed shows a hand and no animals; 0: not looked for",
    "own_level": "gray level that no animal exceeds on average; 0: not looked at",
    "usual_light": "brightness of a frame over that of the empty arena; 0: not followed",
    "close_px": "radius by which the parts of one animal are joined, px",
    "confidence": "the least score of an animal, 0 to 1",
    "overlap": "boxes that share more of both together are one animal",
    "least_part": "of a mask's largest part: smaller parts are left out",
    "most": "animals in a frame, the surest first; 0: no limit",
    "image_px": "longer side of the pictures that the network sees, px; 0: as in training",
    "classes": "of the network that are animals; empty: all",
    "runtime": "what runs the network",
    "precision": "the numbers that it computes in",
}
PARTS = {
    "score": "how well the settings fit, all parts together (0 to 1)",
    "separate": "share of the sampled frames in which all animals were seen apart",
    "explained": "share of the sampled frames in which outlines hold all animals, by their areas",
    "steady": "how steady the total area is",
    "alike": "how alike the sizes of animals are",
    "real": "how far outlines are more than noise",
    "clean": "how little else is found",
    "opening": "how well the smoothing of outlines fits",
    "in_view": "share of the sampled frames that show most animals: only these were judged",
    "one_more": "how well one animal more than asked for would fit",
    "seen": "share of the animals that the network found in the sampled frames",
}


def settings(facts: Facts) -> str:
    """Every setting with how it came about, and how well they fit the sampled frames."""
    run = facts.run
    known = (NetworkSettings() if "network" in run.settings else BackgroundSettings()).to_dict()
    chosen = {name: run.settings[name] for name in known if name in run.settings}
    if not chosen:
        return _imported(run.settings)
    asked = run.settings.get("asked", {})
    rows = [
        [f"<code>{name}</code>", escape(_spelled(value)), escape(MEANS.get(name, "")),
         "set by hand" if name in asked else "chosen from the video"]
        for name, value in chosen.items()
    ]  # fmt: skip
    shown = table(("Setting", "Value", "What it is", "How it came about"), rows, (1,))
    tuned = run.settings.get("tuning", {})
    parts = [
        [escape(name.replace("_", " ")), f"{value:.3f}", escape(PARTS.get(name, ""))]
        for name, value in tuned.items()
        if isinstance(value, int | float)
    ]
    if not parts:
        return shown
    return shown + "<h3>How well they fit the sampled frames</h3>" + table(
        ("Part", "Value", "What it is"), parts, (1,)
    )  # fmt: skip


def _imported(known: dict[str, Any]) -> str:
    rows = [
        [escape(str(name).replace("_", " ")), escape(_spelled(value))]
        for name, value in known.items()
    ]
    return (
        "<p>These tracks were imported, so there are no settings of tracking. What the import "
        "noted:</p>" + table(("", ""), rows)
    )


def _spelled(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def times(facts: Facts) -> str:
    """How long each stage took."""
    timings, frames = facts.run.timings, facts.video.n_frames
    rows = [
        [words, f"{timings[name]:.1f} s", f"{frames / timings[name]:.0f}"]
        for name, words in STAGES.items()
        if timings.get(name, 0) > 0
    ]
    if timings.get("cpu_s", 0) > 0:
        rows.append(["CPU time of all", f"{timings['cpu_s']:.1f} s",
                     f"{frames / timings['cpu_s']:.0f}"])  # fmt: skip
    if not rows:
        return '<p class="soft">No times were noted: the tracks were imported.</p>'
    shown = table(("Stage", "Time", "Frames per second"), rows, (1, 2))
    if timings.get("resumed"):
        shown += f'<p class="soft">Went on after a stop: {timings["resumed"]} times.</p>'
    return shown


def origin(facts: Facts) -> str:
    """The film, the run, the versions, and the command that makes the same tracks again."""
    video, run = facts.video, facts.run
    fps = f"{float(video.fps):.4g} ({video.fps.numerator}/{video.fps.denominator})"
    scale = f"{video.px_per_cm:g} px per cm" if video.px_per_cm else "not set: results in px"
    rows = [
        ("File", escape(video.path.name)),
        ("Content hash", f"<code>{escape(video.content_hash)}</code>"),
        ("Size", f"{video.width} × {video.height} px, {escape(video.codec)}"),
        ("Frame rate", fps + (", varying" if video.variable_rate else "")),
        ("Length", f"{video.n_frames} frames, {video.duration_s:.2f} s"),
        ("Scale", scale),
        ("Run", f"<code>{escape(run.run_id)}</code>"),
        ("Finished", f"{run.finished_at:%Y-%m-%d %H:%M} UTC"),
        ("Animals found by", escape(_found_by(run))),
        ("Versions", escape(", ".join(f"{name} {one}" for name, one in run.versions.items()))),
    ]
    return table(("", ""), rows) + _again(facts)


def _found_by(run: Run) -> str:
    """The segmenter, and the network where that is one."""
    network = run.settings.get("network")
    if not network:
        return run.segmenter
    where = f"{network['runtime']} on {network['device']}, {network['precision']}"
    known = f"network {network['name']}, sha256 {network['sha256'][:16]}"
    followed = run.settings.get("association")
    return f"{run.segmenter}: {known}; {where}" + (f"; followed by {followed}" if followed else "")


def _again(facts: Facts) -> str:
    """The command that tracks the film in the same way."""
    if not (facts.kept / "settings.json").is_file():
        return ""
    words = ["ethoscribe", "track", facts.video.path.name, "-s", "study", "--like"]
    command = shlex.join([*words, str(facts.run.run_id)])
    return (
        "<h3>The same tracks again</h3><p>With the same version, from the stored settings and the "
        f"stored picture of the empty arena (<code>--force</code> in the same study):</p>"
        f"<pre>{escape(command)}</pre>"
    )
