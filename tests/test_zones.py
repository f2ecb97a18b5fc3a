"""Animals in regions: exact visits, entries, times and latencies, gaps included."""

from fractions import Fraction

import numpy as np
import pytest

from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.recording import Recording
from llm_query.zones import (
    distance_to_point,
    distance_to_region,
    distance_to_wall,
    enters,
    in_region,
    latency_to_region,
    leaves,
    outside_region,
    region_entries,
    time_in_region,
)

NTSC = Fraction(30000, 1001)
REGIONS = [
    Region("corner", "rectangle", np.array([[0, 0], [10, 10]])),
    Region("other", "circle", np.array([[50, 5], [50, 10]])),
    Region("feeder", "point", np.array([[20, 5]])),
    Region("box", "rectangle", np.array([[-5, -5], [105, 15]]), "arena"),
]


def recording_of(text, **more):
    """One animal by frame: i in the corner, o outside, ? unseen; two more that are never there."""
    x = np.array([{"i": 5.0, "o": 30.0, "?": np.nan}[c] for c in text])
    path = np.column_stack([x, np.where(np.isnan(x), np.nan, 5.0)])
    away = np.full((len(text), 2), 90.0)
    return Recording.synthetic(
        {"a": path, "b": away, "c": away * np.nan}, **{"regions": REGIONS, "fps": 10, **more}
    )


def spans(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def test_visits_are_exact_at_29_97_frames_per_second():
    recording = recording_of("o" * 30 + "i" * 60 + "o" * 10 + "i" * 20, fps=NTSC)
    visits = in_region(recording, "a", "corner")
    assert spans(visits) == [(30, 90), (100, 120)]
    assert visits.start_s == pytest.approx([1.001, 100 * 1001 / 30000], abs=1e-12)
    assert visits.stop_s[-1] == pytest.approx(recording.duration_s) == pytest.approx(4.004)
    assert time_in_region(recording, "a", "corner") == pytest.approx(80 * 1001 / 30000)
    assert latency_to_region(recording, "a", "corner") == pytest.approx(1.001)
    assert visits.percent == pytest.approx(100 * 80 / 120)


def test_time_is_the_sum_of_real_frame_times_at_a_variable_rate():
    time_s = np.array([0, 0.1, 0.5, 0.6, 1.0])
    recording = recording_of("oiioo", time_s=time_s, fps=5)
    assert time_in_region(recording, "a", "corner") == pytest.approx(0.5)
    assert recording.duration_s == pytest.approx(1.2)
    assert in_region(recording, "a", "corner").fraction == pytest.approx(0.5 / 1.2)


def test_inside_outside_and_unseen_together_are_the_whole_recording():
    recording = recording_of("ii??ioooo?????iiio")
    inside, outside = in_region(recording, "a", "corner"), outside_region(recording, "a", "corner")
    assert spans(inside) == [(0, 5), (14, 17)] and spans(outside) == [(5, 9), (17, 18)]
    assert inside.total_s + outside.total_s + 0.5 == pytest.approx(recording.duration_s)
    assert spans(~inside) == spans(outside)


@pytest.mark.parametrize(
    ("text", "entered", "left"),
    [
        ("ooiioo", [2], [4]),
        ("iiooii", [4], [2]),  # inside at the start: no entry
        ("??iioo", [], [4]),  # inside when first seen: no entry either
        ("oo?????ii", [7], []),  # it must have entered meanwhile
        ("ii?????ii", [], []),  # nothing is known of a way out
        ("oo??ii", [4], []),
        ("??????", [], []),
    ],
)
def test_entries_and_exits_are_points_between_sides_that_were_seen(text, entered, left):
    recording = recording_of(text)
    came, went = enters(recording, "a", "corner"), leaves(recording, "a", "corner")
    assert came.start_frame.tolist() == entered and went.start_frame.tolist() == left
    assert came.kind == "point" and came.total_s == 0
    assert region_entries(recording, "a", "corner") == len(entered)


def test_an_animal_that_never_comes_has_no_latency_and_one_never_seen_has_no_time():
    recording = recording_of("oo??oo")
    assert np.isnan(latency_to_region(recording, "a", "corner"))
    assert time_in_region(recording, "a", "corner") == 0
    assert np.isnan(time_in_region(recording, "c", "corner"))
    assert in_region(recording, "b", "corner").by_subject()["censored"].tolist() == [True]


def test_two_regions_at_once_count_once():
    recording = recording_of(
        "oiio", regions=[*REGIONS, Region("c2", "circle", np.array([[5, 5], [9, 5]]))]
    )
    both = in_region(recording, "a", "corner") & in_region(recording, "a", "c2")
    assert spans(both) == [(1, 3)]


def test_another_body_point_decides_when_asked():
    path = np.tile([30.0, 5.0], (4, 1))
    nose = np.array([[30, 5], [9, 5], [np.nan, np.nan], [12, 5]])
    recording = Recording.synthetic(
        {"a": path}, fps=10, regions=REGIONS, points={"a": {"nose": nose}}
    )
    assert in_region(recording, "a", "corner").count == 0
    assert spans(in_region(recording, "a", "corner", point="nose")) == [(1, 2)]


def test_visits_can_have_a_shortest_length():
    recording = recording_of("oioiiioo")
    assert spans(in_region(recording, "a", "corner", min_duration_s=0.3)) == [(3, 6)]
    assert spans(outside_region(recording, "a", "corner", min_duration_s=0.2)) == [(6, 8)]


def test_distances_are_in_cm_when_calibrated():
    recording = recording_of("oi?", px_per_cm=10)
    for found, expected in (
        (distance_to_region(recording, "a", "corner"), [2, 0]),
        (distance_to_region(recording, "a", "feeder"), [1, 1.5]),
        (distance_to_wall(recording, "a"), [1, 1]),
        (distance_to_wall(recording, "a", "other"), [1.5, 4]),
        (distance_to_point(recording, "a", 3, 0), [0.5, np.hypot(2.5, 0.5)]),
    ):
        assert found[:2] == pytest.approx(expected) and np.isnan(found[2])


def test_what_cannot_be_answered_says_how_to_make_it_answerable():
    recording = recording_of("oi", regions=REGIONS[:3])
    with pytest.raises(QueryError, match='"arena"'):
        distance_to_wall(recording, "a")
    with pytest.raises(QueryError, match="has no inside"):
        in_region(recording, "a", "feeder")
    with pytest.raises(QueryError, match='"corner", "other", "feeder"'):
        in_region(recording, "a", "Corner")


def test_on_the_outline_is_inside_at_any_scale():
    corners = np.array([[0, 0], [30, 0], [30, 30], [0, 30]])
    path = np.column_stack([np.arange(40.0), np.full(40, 15.0)])
    for px_per_cm in (None, 3.0, 7.0, 9.7, 32.1):
        recording = Recording.synthetic(
            {"a": path}, px_per_cm=px_per_cm, regions=[Region("p", "polygon", corners)]
        )
        assert spans(in_region(recording, "a", "p")) == [(0, 31)]
