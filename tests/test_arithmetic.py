"""Arithmetic on answers: order, rates, ratios, spreads and bins, with numbers known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from known import every_setting, make, still, straight

from llm_query.algebra.arithmetic import (
    bout_lengths,
    per_minute,
    quantile_of,
    rank,
    ratio,
    std_of,
    values_in_bins,
)
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.kinematics import step_length
from llm_query.results import summarise
from llm_query.tools import tell


def bouts_of(animal: str, *spans: tuple[int, int]) -> Bouts:
    mask = np.zeros(600, dtype=bool)
    for start, stop in spans:
        mask[start:stop] = True
    return Bouts.where(mask, np.arange(601) / 10, animal, behaviour="in corner")


ONE, TWO = bouts_of("one", (0, 30), (100, 160)), bouts_of("two", (50, 100))


def test_the_most_comes_first_and_the_unknown_last():
    found = rank(tell("way", {"a": 1.0, "b": 3.0, "c": float("nan")}, "cm"))
    assert found["text"] == "Most: b 3 cm; then a 1 cm. Unknown: c."
    assert found["table"]["who"].tolist() == ["b", "a", "c"]
    assert rank(tell("way", {"a": 1.0, "b": 3.0}, "cm"), least=True)["text"].startswith("Least: a")


def test_equal_values_share_their_rank():
    found = rank(tell("way", {"a": 2.0, "b": 2.0, "c": 1.0}, "cm"))
    assert found["table"]["rank"].tolist() == [1, 1, 3]
    assert "(equal)" in found["text"]


def test_animals_are_put_in_order_by_any_number_of_their_bouts():
    answer = summarise([ONE, TWO])
    assert rank(answer, "total_s")["numbers"] == {"one": 9.0, "two": 5.0}
    assert rank(answer, "latency_s", least=True)["table"]["who"][0] == "one"
    with pytest.raises(QueryError, match='no "value"'):
        rank(answer)


def test_a_rate_is_of_the_minutes_that_were_looked_at():
    from llm_query.recording import Recording

    minute = Recording.synthetic({"one": np.zeros((600, 2))}, fps=10)
    assert per_minute(minute, summarise(ONE))["numbers"] == {"per_minute": 2.0}
    half = summarise(ONE, 0, 30)
    assert per_minute(minute, half, start_s=0, stop_s=30)["numbers"] == {"per_minute": 4.0}
    assert per_minute(minute, summarise(ONE), "total_s")["numbers"]["per_minute"] == 9.0


@pytest.mark.parametrize(
    ("kind", "value"),
    [("ratio", 3.0), ("difference", 6.0), ("index", 0.5), ("share", 0.75), ("percent", 300.0)],
)
def test_two_answers_are_related(kind, value):
    three = summarise(bouts_of("one", (200, 230)))
    assert ratio(summarise(ONE), three, kind, by="total_s")["numbers"] == {kind: value}


def test_nothing_divided_by_nothing_is_unknown_and_others_do_not_fit():
    empty = summarise(bouts_of("one"))
    assert np.isnan(ratio(empty, empty, "index", by="total_s")["numbers"]["index"])
    with pytest.raises(QueryError, match="same animals"):
        ratio(summarise([ONE, TWO]), empty, by="total_s")
    with pytest.raises(QueryError, match="take one of"):
        ratio(empty, empty, "product", by="total_s")


def test_bout_lengths_have_a_median_and_a_spread():
    assert bout_lengths(ONE)["numbers"] == {"median_bout_length_s": 4.5}
    spread = bout_lengths(ONE, "std")["numbers"]["std_bout_length_s"]
    assert spread == pytest.approx(np.std([3.0, 6.0], ddof=1))
    cut = bout_lengths(ONE, "mean", 0, 11)["numbers"]["mean_bout_length_s"]
    assert cut == pytest.approx(2.0)  # 3 s, and 1 s of the second


@every_setting
def test_a_distance_in_bins_adds_up_to_the_whole(setting):
    film = make(setting, 6, {"a": straight(0, 5, 2.0), "b": still(1, 1)})
    table = values_in_bins(film, {"a": step_length(film, "a")}, 2, "sum")
    assert table["value"].sum() == pytest.approx(np.nansum(step_length(film, "a")))
    assert table["value"][0] / setting.unit == pytest.approx(4.0, abs=2.0 / float(setting.fps))
    values = film.position("a")[:, 0]
    assert quantile_of(film, values, 0.5) == pytest.approx(np.median(values))
    assert std_of(film, values) == pytest.approx(values.std(ddof=1))
