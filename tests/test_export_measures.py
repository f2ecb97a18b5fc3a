"""The measures table has the documented columns and the right numbers, whole and in bins."""

from fractions import Fraction

import numpy as np
import pytest

from llm_query.errors import QueryError
from llm_query.export_measures import COLUMNS, measures_of_study, measures_table
from llm_query.geometry import Region
from llm_query.recording import Recording
from storage.study import open_study

DOCUMENTED = "video,animal,region,bin_start_s,bin_stop_s,measure,value,unit,tracked_fraction"


@pytest.fixture
def recording() -> Recording:
    """100 frames at 10 per second: animal1 goes right by 1 px a frame, 50 px into the right half.

    Of animal2 the last 25 frames are missing; it sits still in the left half.
    """
    going = np.column_stack([np.arange(100.0), np.full(100, 20.0)])
    sitting = np.full((100, 2), 30.0)
    sitting[75:] = np.nan
    half = Region("right", "rectangle", np.array([[49.5, 0], [100, 100]]))
    feeder = Region("feeder", "point", np.array([[0.0, 20.0]]), "object")
    return Recording.synthetic(
        {"animal1": going, "animal2": sitting}, fps=10, regions=[half, feeder], length=10
    )


def value(table, animal: str, measure: str, region: str | None = None, start_s: float = 0.0):
    """The one value of a measure."""
    rows = table[
        (table["animal"] == animal)
        & (table["measure"] == measure)
        & (table["region"].fillna("") == (region or ""))
        & (table["bin_start_s"] == start_s)
    ]
    assert len(rows) == 1
    return rows["value"].iloc[0]


def test_the_columns_are_the_documented_ones(recording):
    assert ",".join(measures_table(recording).columns) == DOCUMENTED == ",".join(COLUMNS)


def test_the_whole_recording_has_the_numbers_of_the_scene(recording):
    table = measures_table(recording)
    assert value(table, "animal1", "distance_moved") == pytest.approx(99)
    assert value(table, "animal1", "mean_speed") == pytest.approx(10)
    assert value(table, "animal1", "time_in_region", "right") == pytest.approx(5)
    assert value(table, "animal1", "share_of_time", "right") == pytest.approx(0.5)
    assert value(table, "animal1", "entries", "right") == 1
    assert value(table, "animal1", "latency", "right") == pytest.approx(5)
    assert value(table, "animal1", "distance_moved", "right") == pytest.approx(49)
    assert value(table, "animal1", "mean_distance_to_region", "feeder") == pytest.approx(49.5)
    assert value(table, "animal1", "mean_visit", "right") == pytest.approx(5)
    assert value(table, "animal1", "longest_visit", "right") == pytest.approx(5)
    assert value(table, "animal1", "exits", "right") == 0
    assert value(table, "animal1", "mean_speed", "right") == pytest.approx(10)
    assert value(table, "animal1", "path_straightness") == pytest.approx(1)
    assert value(table, "animal1", "latency_censored", "right") == 0
    assert value(table, "animal2", "time_immobile") == pytest.approx(7.5)
    assert np.isnan(value(table, "animal2", "time_freezing"))  # no body points to tell it by


def test_an_animal_that_never_comes_has_no_latency_and_zero_time(recording):
    table = measures_table(recording)
    assert np.isnan(value(table, "animal2", "latency", "right"))
    assert value(table, "animal2", "latency_censored", "right") == 1
    assert np.isnan(value(table, "animal2", "mean_visit", "right"))
    assert value(table, "animal2", "time_in_region", "right") == 0
    assert value(table, "animal2", "entries", "right") == 0


def test_the_tracked_fraction_is_of_the_bin(recording):
    table = measures_table(recording, bin_s=5)
    shares = table[table["animal"] == "animal2"].groupby("bin_start_s")["tracked_fraction"].first()
    assert shares.to_dict() == {0.0: 1.0, 5.0: 0.5}


def test_bins_add_up_to_the_whole(recording):
    whole, binned = measures_table(recording), measures_table(recording, bin_s=3)
    assert sorted(set(binned["bin_stop_s"])) == [3, 6, 9, 10]
    for measure, region in [("distance_moved", None), ("time_in_region", "right")]:
        parts = [value(binned, "animal1", measure, region, start) for start in (0, 3, 6, 9)]
        assert sum(parts) == pytest.approx(value(whole, "animal1", measure, region))


def test_a_point_has_a_distance_and_no_inside(recording):
    table = measures_table(recording)
    assert set(table[table["region"] == "feeder"]["measure"]) == {"mean_distance_to_region"}


def test_an_impossible_bin_is_refused(recording):
    for seconds in (0, -1, float("nan")):
        with pytest.raises(QueryError, match="time bin"):
            measures_table(recording, bin_s=seconds)


def test_bins_hold_at_the_exact_frame_rate_of_television():
    rate = Fraction(30000, 1001)
    path = np.column_stack([np.arange(1800.0), np.zeros(1800)])
    recording = Recording.synthetic({"animal1": path}, fps=rate, length=10)
    table = measures_table(recording, bin_s=1.001)
    assert table["bin_start_s"].nunique() == 60
    assert value(table, "animal1", "mean_speed") == pytest.approx(30000 / 1001)


def test_a_study_without_videos_gives_the_columns_alone(tmp_path):
    with open_study(tmp_path / "study", create=True):
        pass
    table = measures_of_study(tmp_path / "study")
    assert len(table) == 0 and ",".join(table.columns) == DOCUMENTED


@pytest.fixture
def stays() -> Recording:
    """12 s at 25 frames/s: in A from 2 to 7 s and from 9 to 10 s; one seen until 3 s; a ghost."""
    t = np.arange(300) / 25
    inside = ((t >= 2) & (t < 7)) | ((t >= 9) & (t < 10))
    path = np.column_stack([np.where(inside, 50.0, 10.0), np.full(300, 20.0)])
    part = np.full((300, 2), 10.0)
    part[75:] = np.nan
    half = Region("A", "rectangle", np.array([[40.0, 0], [100, 100]]))
    return Recording.synthetic(
        {"a": path, "part": part, "ghost": part * np.nan}, fps=25, regions=[half], length=20
    )


def test_a_visit_counts_in_the_bin_where_it_begins_and_its_seconds_are_divided(stays):
    whole, binned = measures_table(stays), measures_table(stays, bin_s=4)
    starts = (0, 4, 8)

    def row(measure: str) -> list[float]:
        return [value(binned, "a", measure, "A", start) for start in starts]

    assert row("visits") == row("entries") == [1, 0, 1]
    assert row("exits") == [0, 1, 1]
    assert row("time_in_region") == pytest.approx([2, 3, 1])
    assert row("mean_visit") == pytest.approx([5, np.nan, 1], nan_ok=True)  # whole visits
    assert row("longest_visit") == pytest.approx([5, np.nan, 1], nan_ok=True)
    assert row("latency") == pytest.approx([2, 0, 1])
    for measure in ("visits", "entries", "exits", "time_in_region"):
        assert sum(row(measure)) == pytest.approx(value(whole, "a", measure, "A"))
    states = [value(binned, "a", "immobile_bouts", start_s=start) for start in starts]
    assert sum(states) == value(whole, "a", "immobile_bouts")


def test_what_was_never_seen_is_missing_and_never_0(stays):
    table = measures_table(stays)
    assert table[table["animal"] == "ghost"]["value"].isna().all()
    late = measures_table(stays, bin_s=4)
    late = late[(late["animal"] == "part") & (late["bin_start_s"] > 0)]
    assert len(late) and late["value"].isna().all() and (late["tracked_fraction"] == 0).all()
    assert value(table, "part", "time_in_region", "A") == 0
    assert value(table, "part", "latency_censored", "A") == 1
    assert value(table, "part", "latency_watched", "A") == pytest.approx(3)  # not 12
