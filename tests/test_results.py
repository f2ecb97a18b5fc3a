"""The results' numbers are those of the scene, of the command line, and of the present data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from results_scene import FRAMES, STEP_S, make_study
from typer.testing import CliRunner

from app.cli import app
from app.errors import AppError
from app.results import pictures
from app.results import tracks as results_tracks
from app.results.cache import Kept
from app.results.compare import all_measures, compared
from app.results.data import Overview, behaviours, overview
from app.results.filters import Filters, chosen_animals, from_address, to_address, to_options
from app.results.tables import as_file, table_of, uncomputed
from app.scoring.comparison import Question, compare_study
from storage.bouts import save_bouts
from storage.regions import Region, save_region
from storage.study import open_study
from storage.videos import rename_animal

SEEN = (3 * FRAMES - 30) / (3 * FRAMES)  # of animal frames


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def seen(study: Path) -> Overview:
    return overview(study)


def column(table: pd.DataFrame, **chosen: str) -> pd.DataFrame:
    for name, value in chosen.items():
        table = table[table[name] == value]
    return table


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters("treatment", ("drug",), ("clip",), ("animal1",), ("rear",), ("Ada",), 1, 0.5, 2),
        Filters(animal=("a&b=c", "ü #1"), start_s=0.25),
    ],
)
def test_an_address_says_all_filters_and_only_those(filters: Filters) -> None:
    assert from_address(to_address(filters)) == filters


def test_an_address_that_makes_no_sense_is_read_as_far_as_it_does() -> None:
    found = from_address({"from": ["9"], "to": ["3"], "bin": ["nan"], "group": ["x"]})
    assert found == Filters()


def test_groups_videos_and_names_choose_animals(seen: Overview) -> None:
    assert seen.shown(Filters("treatment", ("vehicle",))) == {
        "clip": ("animal3",), "late": ("animal3",)
    }  # fmt: skip
    chosen = chosen_animals(seen.known, seen.names, Filters("cage", ("c1",), animal=("animal2",)))
    assert chosen == {"clip": ("animal2",)}
    assert seen.groups("treatment") == ("drug", "vehicle")


@pytest.mark.parametrize("kind", ["measures", "bouts", "summary", "latency"])
@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters("treatment", ("drug",)),
        Filters(videos=("clip",), animal=("animal1", "animal3")),
        Filters(behaviour=("rear",), who=("Ada",)),
    ],
)
def test_every_table_is_byte_for_byte_the_command_lines(
    seen: Overview, tmp_path: Path, kind: str, filters: Filters
) -> None:
    out = tmp_path / "out.csv"
    command = ["export", kind, "-s", str(seen.study), "-o", str(out), *to_options(filters)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert as_file(table_of(seen, kind, filters), "csv") == out.read_bytes()


def test_bins_and_parts_are_the_command_lines_too(seen: Overview, tmp_path: Path) -> None:
    for filters in (
        Filters(bin_s=1),
        Filters(start_s=0.5, stop_s=2),
        Filters(bin_s=0.7, start_s=1),
    ):
        out = tmp_path / "out.csv"
        command = ["export", "measures", "-s", str(seen.study), "-o", str(out)]
        assert CliRunner().invoke(app, [*command, *to_options(filters)]).exit_code == 0
        assert as_file(table_of(seen, "measures", filters), "csv") == out.read_bytes()


@pytest.mark.parametrize("videos", [(), ("late",)])
def test_tracks_are_the_command_lines_too(
    seen: Overview, tmp_path: Path, videos: tuple[str, ...]
) -> None:
    out = tmp_path / "out.csv"
    command = ["export", "tracks", "-s", str(seen.study), "-o", str(out)]
    assert CliRunner().invoke(app, [*command, *to_options(Filters(videos=videos))]).exit_code == 0
    made = results_tracks.tracks_file(seen.study, results_tracks.one_or_all(seen, videos), "csv")
    assert made == out.read_bytes()
    names = results_tracks.tracked_names(seen, videos)
    assert results_tracks.row_count(seen, names) == made.count(b"\n") - 1
    assert len(results_tracks.tracks_head(seen, names[0])) == 200


def test_a_part_of_a_recording_has_the_distance_of_that_part(seen: Overview) -> None:
    table = table_of(seen, "measures", Filters(videos=("clip",), start_s=1.0, stop_s=2.0))
    row = column(table, animal="animal1", measure="distance_moved").iloc[0]
    frames = np.arange(FRAMES) * STEP_S
    inside = (frames >= 1) & (frames < 2)
    assert row["value"] == pytest.approx(inside.sum())  # a step is of its first frame
    assert (row["bin_start_s"], row["bin_stop_s"], row["unit"]) == (1.0, 2.0, "px")


def test_latencies_are_censored_where_it_never_came(seen: Overview) -> None:
    table = table_of(seen, "latency", Filters(videos=("clip",)))
    first = column(table, event="rear", animal="animal1").iloc[0]
    assert (first["latency_s"], first["censored"]) == (pytest.approx(10 * STEP_S), 0)
    never = column(table, event="rear", animal="animal2").iloc[0]
    assert np.isnan(never["latency_s"])
    assert (never["censored"], never["watched_s"]) == (1, pytest.approx(FRAMES * STEP_S))
    moment = column(table, event="peck", animal="animal3").iloc[0]
    assert (moment["latency_s"], moment["kind"]) == (pytest.approx(5 * STEP_S), "point")
    place = column(table, event="in left", animal="animal1").iloc[0]
    assert (place["latency_s"], place["kind"]) == (0, "region")
    later = table_of(seen, "latency", Filters(videos=("clip",), start_s=1.0))
    assert column(later, event="rear", animal="animal1")["latency_s"].iloc[0] == pytest.approx(
        50 * STEP_S - 1.0
    )


def test_who_was_scored_without_a_bout_did_it_never(seen: Overview) -> None:
    table = table_of(seen, "latency", Filters(videos=("late",), behaviour=("rear",)))
    assert table["censored"].tolist() == [1, 1, 1]


def test_paths_say_unit_n_and_share_and_break_at_the_gap(seen: Overview) -> None:
    made = pictures.paths(seen, Filters(), "clip")
    assert f"found in {SEEN:.1%} of frames (least 66.7%)" in made.facts
    assert "n = 3 animals" in made.facts
    assert "not calibrated" in made.facts
    line = next(trace for trace in made.figure.data if trace.name == "animal3")
    assert sum(value is None or np.isnan(value) for value in line.x) >= 1
    assert made.figure.layout.xaxis.title.text == "x (px)"
    assert f"{SEEN:.1%}" in made.figure.layout.title.subtitle.text
    assert "cm (10 px per cm)" in pictures.paths(seen, Filters(), "late").facts


@pytest.mark.parametrize("smooth", [0.0, 30.0])
def test_a_heat_map_holds_all_seconds_that_were_seen(seen: Overview, smooth: float) -> None:
    from app.results.data import recording_of
    from llm_query.figures.part_figures import seconds_by_place

    recording = recording_of(seen.study, seen.data("clip"))
    total, x, y = seconds_by_place(recording, recording.animals, 10.0, smooth)
    assert total.sum() == pytest.approx((3 * FRAMES - 30) * STEP_S)
    assert (x[0], x[-1], y[0], y[-1]) == (0, 640, 0, 480)
    if not smooth:
        assert total[10, 0] == pytest.approx(10 * STEP_S)  # animal1 crosses a cell in 10 frames


def test_an_ethogram_has_every_bout_and_a_line_for_who_never_did(seen: Overview) -> None:
    made = pictures.ethogram(seen, Filters(behaviour=("rear", "peck")), "clip")
    lines = {trace.name: len(trace.x) for trace in made.figure.data}
    assert lines["animal1 rear"] == 2
    assert lines["animal2 rear"] == 0
    assert lines["animal3 peck"] == 1


def test_a_time_budget_shows_what_nobody_could_tell(seen: Overview) -> None:
    made = pictures.budgets(seen, Filters(videos=("clip",), behaviour=("rest",)), grouped=False)
    bars = {trace.name: dict(zip(trace.x, trace.y, strict=True)) for trace in made.figure.data}
    assert bars["rest"]["animal2"] == pytest.approx(50)
    assert bars["not known"]["animal3"] == pytest.approx(100 / 3)
    sums = {who: sum(part[who] for part in bars.values()) for who in bars["rest"]}
    assert list(sums.values()) == pytest.approx([100, 100, 100])


def test_the_mean_budget_of_a_group_leaves_out_what_nobody_looked_for(seen: Overview) -> None:
    made = pictures.budgets(seen, Filters("treatment", behaviour=("rear",)), grouped=True)
    rear = next(trace for trace in made.figure.data if trace.name == "rear")
    assert dict(zip(rear.x, rear.y, strict=True)) == {
        "drug (n = 4)": pytest.approx(100 * 20 / FRAMES / 4), "vehicle (n = 2)": 0
    }  # fmt: skip
    both = pictures.budgets(seen, Filters("treatment", behaviour=("rear", "rest")), grouped=True)
    assert "left out, because not everything was looked for there: late" in both.facts


def test_transitions_are_counted_over_all_animals(seen: Overview) -> None:
    made = pictures.transitions(seen, Filters(who=("Ada",)), "matrix")
    heat = made.figure.data[0]
    counts = {
        (before, after): heat.customdata[i][j]
        for i, before in enumerate(heat.y)
        for j, after in enumerate(heat.x)
    }
    assert counts["rear", "chase"] == 1
    assert counts["chase", "rear"] == 1
    assert "2 changes" in made.facts


def test_the_social_matrix_holds_seconds_of_every_pair(seen: Overview) -> None:
    made = pictures.social(seen, Filters(), "clip", "chase")
    heat = made.figure.data[0]
    row, cell = list(heat.y).index("animal1"), list(heat.x).index("animal2")
    assert heat.z[row][cell] == pytest.approx(15 * STEP_S)
    close = pictures.social(seen, Filters(), "clip", None, 101).figure.data[0]
    assert close.z[0][1] == pytest.approx(close.z[1][0])


def test_speed_is_of_the_scene_and_its_bouts_are_shaded(seen: Overview) -> None:
    made = pictures.speeds(seen, Filters(animal=("animal1",)), "late", 0.0)
    line = next(trace for trace in made.figure.data if trace.name == "animal1")
    assert np.nanmax(np.asarray(line.y, float)) == pytest.approx(0.1 / STEP_S, rel=1e-5)
    shaded = pictures.speeds(seen, Filters(behaviour=("rear",)), "clip", 0.0).figure.data
    band = next(trace for trace in shaded if trace.name == "rear")
    assert [float(w) for w in band.width] == pytest.approx([10 * STEP_S, 10 * STEP_S])


def test_a_comparison_is_that_of_the_command(seen: Overview) -> None:
    question = Question("treatment", ("time_moving",))
    filters = Filters("treatment", videos=("clip",))
    measures = all_measures(seen, filters)
    found = compared(seen, filters, question, measures)
    only = {("clip", f"animal{k}") for k in (1, 2, 3)}
    same = compare_study(seen.study, question, None, only).comparisons[0]
    assert "No test" in found.sentence
    assert found.groups["n"].tolist() == [group.n for group in same.groups] == [2, 1]
    dots = [len(trace.x) for trace in found.picture.figure.data[:2]]
    assert dots == [2, 1]
    assert "found in 88.9% of frames" in found.picture.facts


def test_what_changed_is_computed_anew_and_nothing_else(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    before = overview(study)
    assert uncomputed(before, "measures", Filters()) == 2
    table_of(before, "measures", Filters())
    assert uncomputed(overview(study), "measures", Filters()) == 0
    with open_study(study, write=True) as opened:
        save_region(opened, 1, Region("new", "rectangle", points=((0, 0), (20, 480))))
    after = overview(study)
    assert uncomputed(after, "measures", Filters()) == 1
    assert "new" in set(table_of(after, "measures", Filters())["region"].dropna())
    with open_study(study, write=True) as opened:
        one = pd.DataFrame({"subject": ["animal2"], "start_frame": [0], "stop_frame": [9]})
        save_bouts(opened, 1, one, behaviour="rear", source="person", annotator="Ada")
    table = table_of(overview(study), "latency", Filters(behaviour=("rear",), videos=("clip",)))
    assert column(table, animal="animal2")["latency_s"].iloc[0] == 0


def test_what_is_missing_is_said_with_what_to_do(seen: Overview) -> None:
    with pytest.raises(pictures.NothingToShow, match="choose others"):
        pictures.ethogram(seen, Filters(behaviour=("rest",)), "late")
    with pytest.raises(pictures.NothingToShow, match="two"):
        pictures.social(seen, Filters(animal=("animal1",)), "clip", None)
    with pytest.raises(pictures.NothingToShow, match=r"it is 3\.0 s long"):
        pictures.paths(seen, Filters(start_s=60), "clip")
    with pytest.raises(AppError, match="whole recordings"):
        table_of(seen, "summary", Filters(start_s=1))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["measures", "--video", "nobody"], "nobody"),
        (["bouts", "--where", "dose=1"], "no metadata column 'dose'. It has: cage, treatment"),
        (["bouts", "--where", "treatment=x"], "drug, vehicle"),
        (["bouts", "--where", "treatment"], "COLUMN=VALUE"),
        (["bouts", "--annotator", "Bob"], "no annotator or source 'Bob'"),
        (["measures", "--from", "3", "--to", "1"], "end after the start"),
        (["tracks", "--animal", "animal1"], "--video alone"),
        (["video"], "--video NAME"),
    ],
)
def test_an_export_of_what_is_not_there_is_one_line(
    seen: Overview, tmp_path: Path, words: list[str], says: str
) -> None:
    command = ["export", *words, "-s", str(seen.study), "-o", str(tmp_path / "o.csv")]
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 1
    assert says in ended.output
    assert not (tmp_path / "o.csv").exists()


def test_names_are_letters_in_every_figure(tmp_path: Path) -> None:
    study, bad = make_study(tmp_path), "<a href='https://x'>m</a>"
    with open_study(study, write=True) as opened:
        rename_animal(opened, 1, 1, bad)
        save_region(opened, 1, Region(bad, "rectangle", points=((0, 0), (20, 480))))
        one = pd.DataFrame({"subject": [bad], "target": ["animal2"], "start_frame": [60],
                            "stop_frame": [70]})  # fmt: skip
        save_bouts(opened, 1, one, behaviour=bad, source="person", annotator=bad)
    seen, everything = overview(study), Filters(videos=("clip",))
    made = [
        pictures.paths(seen, everything, "clip"), pictures.heat(seen, everything, "clip", 10),
        pictures.speeds(seen, everything, "clip", 0.2), pictures.ethogram(seen, everything, "clip"),
        pictures.budgets(seen, everything, False), pictures.transitions(seen, everything),
        pictures.transitions(seen, everything, "matrix"),
        pictures.social(seen, everything, "clip", bad),
    ]  # fmt: skip
    for picture in made:
        text = picture.figure.to_json()
        assert "<a" not in text.replace("\\u003c", "<")
        assert "lt;a href" in text.replace("\\u0026", "&")


def test_behaviours_are_listed_once_for_each_watcher(seen: Overview) -> None:
    found = behaviours(seen, Filters(), seen.names)
    assert [(one.behaviour, one.who, one.videos) for one in found] == [
        ("chase", "Ada", ("clip", "late")), ("peck", "Ada", ("clip", "late")),
        ("rear", "Ada", ("clip", "late")), ("rest", "analysis", ("clip",)),
    ]  # fmt: skip


def test_a_cache_forgets_what_was_asked_for_longest_ago() -> None:
    kept: Kept[int] = Kept(2)
    for key in "abac":
        kept.get(key, lambda: 1)
    assert ("a" in kept, "b" in kept, "c" in kept) == (True, False, True)
