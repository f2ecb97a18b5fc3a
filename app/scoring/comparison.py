"""Groups of a study compared: values of every animal beside its metadata, tests, and words."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from app import __version__
from app.commands.shared import count
from app.errors import AppError
from app.scoring.compared_behaviour import VALUES, Values, values_of_behaviour
from storage.study import Study, open_study

if TYPE_CHECKING:
    from llm_query.statistics.comparing import Comparison
    from llm_query.statistics.methods import Tracked


@dataclass(frozen=True)
class Question:
    """What to compare by what: measures (of a region) and stored behaviours, between groups."""

    by: str
    measures: Sequence[str] = ()
    region: str | None = None
    behaviours: Sequence[str] = ()
    value: str = "total_s"  # of a behaviour: one of VALUES
    annotator: str | None = None
    paired_by: str | None = None
    nested_in: str | None = None
    animal_by: str | None = None  # the column that names an animal over several videos
    test: str = "auto"
    correction: str = "holm"
    start_s: float | None = None  # only this part of every recording
    stop_s: float | None = None

    def __post_init__(self) -> None:
        start_s, stop_s = self.start_s or 0.0, self.stop_s
        if not 0 <= start_s < float("inf") or (stop_s is not None and not stop_s > start_s):
            until = "the end" if stop_s is None else f"{stop_s:g} s"
            raise AppError(f"There is no time from {start_s:g} s to {until}: end after the start.")


@dataclass(frozen=True)
class Answer:
    """The comparisons, corrected together, and the paragraph that says what was done."""

    comparisons: list["Comparison"]
    methods: str
    tables: tuple[pd.DataFrame, ...] = ()  # of each: a row per animal, its value and metadata
    definitions: tuple[str, ...] = ()  # of each measure
    kinds: tuple[str, ...] = ()  # of each: value, count or latency

    def to_dict(self) -> dict[str, Any]:
        """One object for --json."""
        return {
            "comparisons": [_as_dict(found) for found in self.comparisons], "methods": self.methods
        }  # fmt: skip


def compare_study(
    study: Path,
    question: Question,
    measures: pd.DataFrame | None = None,
    only: Collection[tuple[str, str]] | None = None,
) -> Answer:
    """Compare the groups of a study as asked.

    measures: the exported measures of the question's time, where they are computed already. only:
    the (video, animal) pairs to compare; without, all.
    """
    from llm_query.statistics.comparing import compare_groups, correct
    from llm_query.statistics.methods import methods_paragraph

    if not question.measures and not question.behaviours:
        raise AppError("Say what to compare: a measure, or --behaviour.")
    if question.value not in VALUES:
        raise AppError(f"--value is {', '.join(VALUES)}, not {question.value!r}.")
    with open_study(study) as opened:
        known = _metadata(opened, question)
        tracked = _tracked(opened)
        behaviours = [
            values_of_behaviour(
                opened, name, question.value, question.annotator, question.start_s, question.stop_s
            )
            for name in question.behaviours
        ]
    values = [_only(one, only) for one in [*_of_measures(study, question, measures), *behaviours]]
    unit_of = [question.animal_by] if question.animal_by else ["video", "animal"]
    nested = question.nested_in
    tables = [one.table.merge(known, on=["video", "animal"], how="left") for one in values]
    found = [
        compare_groups(
            table, "value", question.by,
            unit_of=unit_of, paired_by=question.paired_by, nested_in=nested, kind=one.kind,
            censored="censored", test=question.test, measure=one.name, unit=one.unit,
        )
        for one, table in zip(values, tables, strict=True)
    ]  # fmt: skip
    found = [_with_notes(each, one.notes) for each, one in zip(found, values, strict=True)]
    found = correct(found, question.correction)
    who = question.paired_by if question.paired_by else question.animal_by
    methods = methods_paragraph(
        found, question.by, tracked=tracked, definitions=[one.definition for one in values],
        unit_of_analysis=f"the animal as named in {who}" if who else "the animal in its video",
        software=f"Ethoscribe {__version__}",
    )  # fmt: skip
    if window := _window_text(question):
        methods = f"{methods} Compared was the time {window} of every recording."
    return Answer(
        found, methods, tuple(tables), tuple(one.definition for one in values),
        tuple(one.kind for one in values),
    )  # fmt: skip


def _window_text(question: Question) -> str:
    if question.start_s is None and question.stop_s is None:
        return ""
    until = "the end" if question.stop_s is None else f"{question.stop_s:g} s"
    return f"from {question.start_s or 0:g} s to {until}"


def _only(values: Values, only: Collection[tuple[str, str]] | None) -> Values:
    """The values of some animals."""
    if only is None:
        return values
    pairs = zip(values.table["video"], values.table["animal"], strict=True)
    kept = values.table[[pair in only for pair in pairs]]
    return replace(values, table=kept)


def _with_notes(found: "Comparison", notes: tuple[str, ...]) -> "Comparison":
    return replace(found, notes=(*found.notes, *notes))


def _metadata(study: Study, question: Question) -> pd.DataFrame:
    """What is known about every animal; the asked columns are checked."""
    from storage.metadata import animal_metadata

    known = animal_metadata(study)
    names = [name for name in known.columns if name not in ("video", "animal")]
    for column in (question.by, question.paired_by, question.nested_in, question.animal_by):
        if column is not None and column not in known.columns:
            raise AppError(
                f"The metadata has no column {column!r}. It has: "
                f"{', '.join(names) or 'none yet (ethoscribe metadata import FILE.csv)'}."
            )
    return known


def _of_measures(
    study: Path, question: Question, table: pd.DataFrame | None = None
) -> list[Values]:
    """The exported measures of every animal, over the whole recording or the asked part."""
    if not question.measures:
        return []
    from llm_query.export_measures import measures_of_study

    if table is None:
        table = measures_of_study(study, start_s=question.start_s, stop_s=question.stop_s)
    regions = sorted(table["region"].dropna().unique())
    if question.region is not None and question.region not in regions:
        raise AppError(
            f"No video has a region {question.region!r}. There are: "
            f"{', '.join(regions) or 'none (ethoscribe regions add)'}."
        )
    region = question.region
    here = table[table["region"].isna() if region is None else table["region"] == region]
    found = []
    for name in question.measures:
        rows = here[here["measure"] == name]
        if rows.empty:
            known = list(dict.fromkeys(here["measure"]))
            hint = "" if region else " (others are of a --region)"
            raise AppError(f"There is no measure {name!r}. There are: {', '.join(known)}{hint}.")
        found.append(_values(name, region, rows, here))
    return found


def _values(name: str, region: str | None, rows: pd.DataFrame, here: pd.DataFrame) -> Values:
    """The rows of one measure; a latency that never came is censored when it was last seen."""
    from llm_query.statistics.methods import describe_measure

    rows, unseen = _seen_only(name, rows)
    units = sorted(rows["unit"].unique())
    if len(units) > 1:
        raise AppError(
            f"{name} is in {' and '.join(units)}: give every video its scale, or compare only "
            "those of one unit."
        )
    kind = "latency" if name == "latency" else "count" if units[0] == "count" else "value"
    value = rows["value"].astype(float)
    never = pd.Series(False, index=rows.index)
    if kind == "latency":
        by = ["video", "animal"]
        known = here[here["measure"] == "latency_watched"].set_index(by)["value"]
        found = known.reindex(pd.MultiIndex.from_frame(rows[by])).to_numpy(float)
        watched_s = pd.Series(found, index=rows.index)
        never = value.isna() & watched_s.notna()
        value = value.where(~never, watched_s)
    table = pd.DataFrame(
        {
            "video": rows["video"].astype(object), "animal": rows["animal"].astype(object),
            "value": value, "censored": never,
        }
    )  # fmt: skip
    notes = [f"never seen, so left out: {', '.join(unseen)}"] if unseen else []
    low = int((rows["tracked_fraction"] < 0.9).sum())
    if low:
        were = "was" if low == 1 else "were"
        of = f"{low} of {count(len(rows), 'animal')}"
        notes.append(f"{of} {were} found in less than 90 % of the frames")
    calibrated = not any(unit.startswith("px") for unit in units)
    definition = describe_measure(name, region, calibrated)
    unit = "" if units[0] in ("count", "fraction") else units[0]
    shown = f"{name} in {region}" if region else name
    return Values(shown, unit, kind, table, definition, tuple(notes))


def _seen_only(name: str, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows of animals that were seen at all, and who was not: of them nobody knows."""
    never = rows["tracked_fraction"] == 0
    if never.all():
        raise AppError(f"No animal was ever seen, so there is no {name} to compare.")
    lost = rows.loc[never, ["animal", "video"]].itertuples(index=False)
    return rows[~never], [f"{animal} in {video}" for animal, video in lost]


def _tracked(study: Study) -> "Tracked | None":
    from llm_query.statistics.methods import Tracked
    from storage.runs import active_run
    from storage.videos import videos

    known = [(video, active_run(study, video.video_id)) for video in videos(study)]
    pairs = [(video, run) for video, run in known if run is not None]
    if not pairs:
        return None
    return Tracked(
        videos=len(pairs),
        animals=sum(run.n_animals for _, run in pairs),
        duration_s=sum(video.duration_s for video, _ in pairs),
        fps=tuple(sorted({float(video.fps) for video, _ in pairs})),
        segmenters=tuple(sorted({run.segmenter for _, run in pairs})),
        calibrated=sum(video.px_per_cm is not None for video, _ in pairs),
        shares=tuple(float(run.share_detected or 0.0) for _, run in pairs),
    )


def _as_dict(found: "Comparison") -> dict[str, Any]:
    record = asdict(found)
    record["p"] = found.p
    return record
