"""The sections of a report on a tracked video, as HTML: every name in it is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from app.annotating.doubt_list import sentence
from app.figures.report_charts import (
    SURE,
    Bar,
    Line,
    clock,
    histogram,
    line_chart,
    strips,
    sure_colour,
)
from app.figures.report_facts import COLOURS_TELL, Facts, Look
from llm_query.figures.drawing import colour_of
from tracking.identities.doubt import Limits

PICTURED, LISTED, CROSSINGS = 12, 150, 25  # doubts with pictures, doubts and crossings in tables
METHODS = {
    "contrastive": "a small network learned from this video what each animal looks like",
    "descriptors": "sizes, shades and outlines, learned from this video, told the animals apart",
    "none": "place and motion alone: looks were not compared",
}
QUALITY = {"told_apart": "Sure by looks alone", "worth": "Weight of looks"}
Pictures = dict[Look, str]


def percent(share: float | None) -> str:
    """A share in percent, as far as it is known.

    >>> percent(0.99987), percent(1.0), percent(None)
    ('99.99 %', '100 %', 'not known')
    """
    if share is None or not np.isfinite(share):
        return "not known"
    if share in (0.0, 1.0):
        return f"{share:.0%}".replace("%", " %")
    digits = 2 if share > 0.995 else 1
    return f"{min(100 * share, 99.99):.{digits}f} %"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already; the columns in `numbers` are numbers."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag} class='{'number' if k in numbers else ''}'>{one}</{tag}>"
            for k, one in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    head_row = f"<tr>{cells('th', [escape(one) for one in head])}</tr>" if any(head) else ""
    return f'<div class="scroll"><table>{head_row}{body}</table></div>'


def tiles(facts: Facts) -> str:
    """The few numbers that people look for first."""
    run, crossings = facts.run, facts.crossings
    shown = [
        (str(run.n_animals), "animal" if run.n_animals == 1 else "animals"),
        (percent(run.share_detected), "of all frames in which an animal was found"),
        (str(len(facts.open_doubts)), f"doubtful places open, of {len(facts.doubts)}"),
    ]
    if facts.fragments is not None:
        shown.append((percent(_sure_share(facts)), "sure who is who, on average"))
    if crossings is not None:
        unsure = int((crossings["probability"] < 1 - Limits().min_fall).sum())
        shown.append((str(len(crossings)), f"crossings, {unsure} of them doubtful"))
    spent = sum(value for name, value in run.timings.items() if name in STAGES)
    if spent > 0:
        shown.append((f"{facts.video.n_frames / spent:.0f}", "frames per second of tracking"))
    cells = "".join(f'<div class="tile"><b>{a}</b><span>{b}</span></div>' for a, b in shown)
    return f'<div class="tiles">{cells}</div>'


STAGES = {"tune_s": "choosing settings", "segment_s": "finding animals",
          "identify_s": "following them"}  # fmt: skip


def _sure_share(facts: Facts) -> float | None:
    """How sure the identities are, averaged over the frames of all fragments."""
    rows = facts.fragments
    if rows is None or rows.empty:
        return None
    frames = (rows["stop_frame"] - rows["start_frame"]).to_numpy(float)
    return float(np.average(rows["probability"].to_numpy(float), weights=frames))


def samples(facts: Facts, looks: Sequence[Look], pictures: Pictures, empty: str | None) -> str:
    """The empty arena, and frames spread over the video with everything drawn on them."""
    shown = []
    if empty:
        words = "The empty arena, as it was made from the video"
        shown.append(_figure(empty, words))
    for look in looks:
        if look in pictures:
            shown.append(
                _figure(pictures[look], f"{clock(facts.at(look.frame))}, frame {look.frame}")
            )
    if shown:
        return f'<div class="pictures">{"".join(shown)}</div>' + key_of(facts)
    why = (
        "only poses were imported, there is no film"
        if not facts.video.has_pictures
        else "the film is not where the study expects it"
    )
    return f'<p class="soft">No pictures: {why}.</p>'


def _figure(source: str, words: str) -> str:
    said = escape(words, quote=True)
    return f'<figure><img src="{source}" alt="{said}"><figcaption>{said}</figcaption></figure>'


def found(facts: Facts) -> str:
    """How many animals were found, and how fast they were, over time."""
    counts, until = facts.counts, facts.video.duration_s
    x = _centres(counts["start_s"].to_numpy(float), until)
    grey = "var(--accent)"
    lines = [Line(x, counts["found"].to_numpy(float), grey, "animals found, mean")]
    if facts.run.n_animals > 1:
        least = counts["least"].to_numpy(float)
        lines.insert(0, Line(x, least, "var(--soft)", "fewest in one frame", fine=True))
    most = facts.run.n_animals
    chart = line_chart(lines, until, "animals", high=most * 1.12, height=130, mark=most)
    scale = facts.video.px_per_cm or 1.0
    unit = "cm/s" if facts.video.px_per_cm else "px/s"
    if len(facts.names) > COLOURS_TELL:
        mean = facts.speeds.groupby("bin")["speed_px_s"].mean()
        speeds = [Line(x[mean.index], mean.to_numpy(float) / scale, "var(--accent)", "mean of all")]
    else:
        speeds = []
        for k, (number, name) in enumerate(facts.names.items()):
            mine = facts.speeds[facts.speeds["animal_id"] == number]
            speed = mine["speed_px_s"].to_numpy(float) / scale
            speeds.append(Line(x[mine["bin"].to_numpy(int)], speed, colour_of(k), name, fine=True))
    return (
        "<h3>Animals found</h3>" + chart
        + '<p class="soft">Mean in each stretch of time, the fewest in one frame below it; the '
        "dashed line is the number asked for.</p>"
        + f"<h3>{'Speed' if len(speeds) > 1 or most == 1 else 'Speed, mean of all'}</h3>"
        + line_chart(speeds, until, unit) + (key_of(facts) if len(speeds) > 1 else "")
    )  # fmt: skip


def _centres(starts: np.ndarray, until: float) -> np.ndarray:
    return (starts + np.append(starts[1:], until)) / 2


def key_of(facts: Facts) -> str:
    """Which colour is which animal; nothing where colours come twice and pictures have names."""
    if len(facts.names) > COLOURS_TELL:
        return ""
    items = "".join(
        f'<span><i style="background:{colour_of(k)}"></i>{escape(name)}</span>'
        for k, name in enumerate(facts.names.values())
    )
    return f'<div class="key">{items}</div>'


def sizes(facts: Facts) -> str:
    """Areas over time and as counts, and a row of numbers for each animal."""
    scale, rows = facts.video.px_per_cm, []
    for k, one in enumerate(facts.animals.to_dict("records")):
        name = escape(facts.names[one["animal_id"]])
        rows.append([
            f'<i style="background:{colour_of(k)}"></i>{name}', percent(one["found"]),
            _area(one, scale), _length(one["length_px"], scale), _length(one["width_px"], scale),
            _length(one["distance_px"], scale, "cm", 0),
            _length(one["speed_px_s"], scale, "cm/s"), percent(one["sure"]),
        ])  # fmt: skip
    head = ("Animal", "Found", "Area (10 to 90 %)", "Length", "Width", "Way", "Mean speed",
            "Sure who (≥ 99 %)")  # fmt: skip
    shown = table(head, rows, range(1, 8))
    if facts.areas.empty:
        return shown + '<p class="soft">No outlines, so no areas: these are body points.</p>'
    lines, low, high = _area_lines(facts)
    x = _centres(facts.counts["start_s"].to_numpy(float), facts.video.duration_s)
    areas = Line(x, facts.counts["area_px"].to_numpy(float), "var(--accent)", "area")
    return (
        shown + "<h3>Areas of all outlines (px²)</h3>" + histogram(lines, low, high)
        + (key_of(facts) if len(lines) > 1 else "") + "<h3>Median area over time</h3>"
        + line_chart([areas], facts.video.duration_s, "px²", height=130)
    )  # fmt: skip


def _area_lines(facts: Facts) -> tuple[list[Line], float, float]:
    """How often outlines have which area, by animal or of all together; and from where to where."""
    rows = facts.areas
    width = float(rows["width_px"].iloc[0])
    low, high = float(rows["area_px"].min()), float(rows["area_px"].max()) + width
    bins = low + width * (np.arange(max(round((high - low) / width), 1)) + 0.5)
    several = len(facts.names) <= COLOURS_TELL
    groups = [[number] for number in facts.names] if several else [list(facts.names)]
    lines = []
    for k, numbers in enumerate(groups):
        mine = rows[rows["animal_id"].isin(numbers)]
        if mine.empty:
            continue
        counts = np.zeros(len(bins))
        at = np.rint((mine["area_px"].to_numpy(float) - low) / width).astype(int)
        np.add.at(counts, np.clip(at, 0, len(bins) - 1), mine["rows"].to_numpy(float))
        colour = colour_of(k) if several else "var(--accent)"
        name = facts.names[numbers[0]] if several else "all animals"
        lines.append(Line(bins, counts / counts.sum(), colour, name))
    return lines, low, high


def _area(one: dict, scale: float | None) -> str:
    values = [one[name] for name in ("area_px", "area_low_px", "area_high_px")]
    if not np.isfinite(np.array(values, float)).all():
        return "not known"
    if scale:
        middle, low, high = (value / scale**2 for value in values)
        return f"{_short(middle, 2)} cm² ({_short(low, 2)} to {_short(high, 2)})"
    middle, low, high = values
    return f"{middle:.0f} px² ({low:.0f} to {high:.0f})"


def _length(value: float | None, scale: float | None, unit: str = "cm", digits: int = 1) -> str:
    if value is None or not np.isfinite(value):
        return "not known"
    if scale:
        return f"{_short(value / scale, digits)} {unit}"
    return f"{value:.0f} {'px' + unit[2:]}"


def _short(value: float, digits: int) -> str:
    """A number with so many decimals, or with the two digits that say something of a small one.

    >>> _short(1.234, 1), _short(0.0163, 2), _short(0.0, 1)
    ('1.2', '0.016', '0.0')
    """
    return f"{value:.2g}" if 0.001 <= value < 1 else f"{value:.{digits}f}"


def identities(facts: Facts) -> str:
    """How animals were told apart, and how sure it is who is who, over time."""
    if facts.fragments is None or facts.crossings is None:
        return (
            "<p>These tracks came without fragments and crossings: they were imported, or made by "
            "an older version. Track the video again to have them.</p>"
        )
    rows = []
    for k, name in enumerate(facts.names.values()):
        mine = facts.fragments[facts.fragments["animal"] == name]
        bars = [
            Bar(one["start_s"], one["stop_s"], sure_colour(one["probability"]),
                f"{name}, {clock(one['start_s'])} to {clock(one['stop_s'])}: "
                f"{percent(one['probability'])} sure")
            for one in mine.to_dict("records")
        ]  # fmt: skip
        rows.append((name, colour_of(k), bars))
    words = "".join(
        f'<span><i style="background:{colour}"></i>{said}</span>' for _, colour, said in SURE
    )
    return (
        _method(facts) + "<h3>How sure it is who is who</h3>"
        + strips(rows, facts.video.duration_s) + f'<div class="key">{words}</div>'
        + '<p class="soft">Each bar is a stretch in which an animal could not be confused with '
        "another; between the bars it touched somebody or was not seen.</p>"
        + _crossings(facts.crossings)
    )  # fmt: skip


def _method(facts: Facts) -> str:
    """By what animals were told apart, and how well each group that met could be."""
    known = facts.run.settings.get("identification") or {}
    known = known if isinstance(known, dict) else {"method": known}
    method, groups = str(known.get("method", "none")), known.get("groups", [])
    if facts.run.n_animals == 1:
        return "<p>One animal: there is nobody to be confused with.</p>"
    if not groups and method != "none":
        return "<p>No two animals met, so nobody had to be told apart by looks.</p>"
    said = escape(METHODS.get(method, method))
    rows = []
    for group in groups:
        animals = ", ".join(
            escape(facts.names.get(one, str(one))) for one in group.get("slots", [])
        )
        told = _quality(group, known=QUALITY)
        rows.append([animals, escape(str(group.get("method", method))), *told])
    head = ("Animals that met", "Told apart by", *QUALITY.values(), "More")
    shown = table(head, rows, range(2, 2 + len(QUALITY))) if rows else ""
    return f"<p>Identification: <b>{escape(method)}</b>: {said}.</p>{shown}"


def _quality(group: dict, known: dict[str, str]) -> list[str]:
    """The numbers of a group that people read, in percent, and the others with their names."""
    cells = [percent(float(group[name])) if name in group else "" for name in known]
    rest = [
        f"{escape(name.replace('_', ' '))} {_number(value)}"
        for name, value in group.items()
        if name not in ("slots", "method", *known)
    ]
    return [*cells, ", ".join(rest)]


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))


def _crossings(crossings: pd.DataFrame) -> str:
    if crossings.empty:
        return "<h3>Crossings</h3><p>No two animals ever met: nobody could be confused.</p>"
    worst = crossings.sort_values(["probability", "start_frame"]).head(CROSSINGS)
    rows = [
        [clock(one["start_s"]), escape(one["animals"]), escape(one["kind"]),
         f"{one['duration_s']:.1f} s", percent(one["probability"])]
        for one in worst.to_dict("records")
    ]  # fmt: skip
    title = f"Crossings ({len(crossings)})"
    if len(crossings) > len(rows):
        title += f": the {len(rows)} least sure"
    head = ("Time", "Animals", "Kind", "Lasted", "Left as said")
    return f"<h3>{title}</h3>" + table(head, rows, (3, 4))


def doubt_looks(facts: Facts) -> dict[str, list[Look]]:
    """The pictures of the worst doubtful places: of a crossing before, in and after it."""
    looks = {}
    last = facts.video.n_frames - 1
    for one in facts.open_doubts.head(PICTURED).to_dict("records"):
        x, y, frame = one["x_px"], one["y_px"], int(one["frame"])
        if x is None or y is None or not np.isfinite([x, y]).all():
            continue
        frames = [frame - 1, frame]
        if one["kind"] in ("crossing", "duplicate", "missing"):
            middle = (frame + int(one["stop_frame"])) // 2
            frames = [frame - 1, middle, int(one["stop_frame"])]
        elif one["kind"] == "low_confidence":
            frames = [frame]
        kept = sorted({min(max(each, 0), last) for each in frames})
        looks[one["key"]] = [Look(each, (float(x), float(y))) for each in kept]
    return looks


def doubts(facts: Facts, looks: dict[str, list[Look]], pictures: Pictures) -> str:
    """The list that a reviewer is led through: the worst with pictures, then all."""
    if facts.doubts.empty:
        return "<p>Nothing doubtful was found: no crossing, jump, gap or unsure identity.</p>"
    cards = []
    for one in facts.open_doubts.head(PICTURED).to_dict("records"):
        film = "".join(
            _figure(pictures[look], f"frame {look.frame}")
            for look in looks.get(one["key"], [])
            if look in pictures
        )
        film = f'<div class="film">{film}</div>' if film else ""
        said = _sentence(one)
        cards.append(
            f'<div class="doubt">{film}<p><b>{kind_words(one["kind"])}</b> at '
            f"{clock(one['time_s'])}, frame {one['frame']}</p><p>{said}.</p></div>"
        )
    return f'<div class="doubts">{"".join(cards)}</div>' + _doubts_table(facts)


def _doubts_table(facts: Facts) -> str:
    rows = []
    done = facts.doubts["settled"].astype(bool) | facts.doubts["checked"].astype(bool)
    ordered = facts.doubts.assign(done=done).sort_values(["severity"], ascending=False)
    for one in ordered.head(LISTED).sort_values("frame").to_dict("records"):
        state = "open"
        if one["done"]:
            state = f"{'corrected' if one['settled'] else 'looked at'} {escape(one['by'])}".strip()
        rows.append([
            clock(one["time_s"]), str(one["frame"]), kind_words(one["kind"]),
            _sentence(one), f"{one['severity']:.2f}", state,
        ])  # fmt: skip
    title = f"All {len(ordered)} places" if len(ordered) > 1 else "The place"
    if len(ordered) > len(rows):
        title = f"The {len(rows)} most doubtful of {len(ordered)} places"
    head = ("Time", "Frame", "Kind", "What", "Doubt", "State")
    return f"<h3>{title}</h3>" + table(head, rows, (1, 4))


def _sentence(one: dict) -> str:
    """A doubt in one line, in which no number stands apart from its unit."""
    said = escape(sentence(one["animals"], one["what"]))
    return said.replace(" %", "&nbsp;%").replace(" s;", "&nbsp;s;")


def kind_words(kind: str) -> str:
    """A kind of doubt as people read it."""
    return escape(kind.replace("_", " "))
