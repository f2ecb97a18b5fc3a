"""Edits are applied once and in order, logged for good, taken back and done again without limit."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from storage_samples import Info, add_tracked

from storage import edits
from storage.bouts import bouts_state, frame_edges, read_bouts, watched_videos
from storage.edits import Change, apply, can_redo, can_undo, kind, log
from storage.ethogram import Behaviour, save_ethogram
from storage.study import Study, StudyError, open_study
from storage.videos import add_video, rename_animal


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """Video 1: two animals, 100 frames at 29.97; video 2: uneven times, not tracked."""
    with open_study(tmp_path / "s", create=True) as opened:
        fps = Fraction(30000, 1001)
        where = np.full((100, 2), 5.0)
        times = np.arange(100) * 1001 / 30000
        add_tracked(opened, tmp_path, where, where, name="even", fps=fps, time_s=times)
        uneven = Info(tmp_path / "b.mp4", 4, Fraction(4), time_s=np.array([0.0, 0.1, 0.5, 0.6]))
        add_video(opened, uneven)
        yield opened


def score(study: Study, start: int, stop: int | None = None, **more: Any) -> edits.Applied:
    author, video = more.pop("author", "kim"), more.pop("video", 1)
    data = {"behaviour": "groom", "subject": "animal1", "start_frame": start, "stop_frame": stop}
    return apply(study, video, "bouts.add", {**data, **more}, author=author)


def step(study: Study, which: str, author: str = "kim", scope: str = "bouts") -> edits.Applied:
    return apply(study, 1, which, {"scope": scope}, author=author)


def spans(study: Study, video: int = 1) -> list[tuple[int, int]]:
    table = read_bouts(study, video)
    return list(zip(table["start_frame"], table["stop_frame"], strict=True))


def test_a_scored_bout_has_the_true_seconds_of_its_frames(study: Study) -> None:
    done = score(study, 10, 40)
    assert done.error is None and done.result["bout_id"] == 1
    row = read_bouts(study).iloc[0]
    assert row["start_s"] == pytest.approx(10 * 1001 / 30000, abs=1e-12)
    assert row["stop_s"] == pytest.approx(40 * 1001 / 30000, abs=1e-12)
    assert (row["source"], row["annotator"], row["kind"]) == ("person", "kim", "state")
    score(study, 1, 4, video=2)
    uneven = read_bouts(study, 2).iloc[0]
    assert (uneven["start_s"], uneven["stop_s"]) == (0.1, 1.0)
    assert frame_edges(study, 2).tolist() == [0.0, 0.1, 0.5, 0.6, 1.0]


def test_undo_and_redo_go_all_the_way_and_back(study: Study) -> None:
    first = score(study, 10, 20).result["bout_id"]
    score(study, 30, 40, comment="left paw", modifiers={"where": "head"})
    apply(study, 1, "bouts.change", {"bout_id": first, "stop_frame": 25}, author="kim")
    apply(study, 1, "bouts.delete", {"bout_ids": [first]}, author="kim")
    assert spans(study) == [(30, 40)]
    assert can_undo(study, 1, "bouts", "kim") == "delete a bout"
    seen = []
    for _ in range(4):
        step(study, "undo")
        seen.append(spans(study))
    assert seen == [[(10, 25), (30, 40)], [(10, 20), (30, 40)], [(10, 20)], []]
    assert can_undo(study, 1, "bouts", "kim") is None
    assert step(study, "undo").error == "There is nothing to undo."
    assert can_redo(study, 1, "bouts", "kim") == "groom of animal1 at frame 10"
    for _ in range(4):
        assert step(study, "redo").error is None
    assert spans(study) == [(30, 40)]
    row = read_bouts(study, remarks=True).iloc[0]
    assert (row["comment"], json.loads(row["modifiers"])) == ("left paw", {"where": "head"})
    assert step(study, "redo").error == "There is nothing to redo."


def test_an_edit_that_arrives_twice_is_applied_once(study: Study) -> None:
    data = {"behaviour": "rear", "kind": "point", "subject": "animal2", "start_frame": 3}
    first = apply(study, 1, "bouts.add", data, author="kim", client="tab", seq=7)
    again = apply(study, 1, "bouts.add", data, author="kim", client="tab", seq=7)
    assert first == again and spans(study) == [(3, 3)]
    other_tab = {**data, "start_frame": 4}
    apply(study, 1, "bouts.add", other_tab, author="kim", client="other", seq=7)
    assert spans(study) == [(3, 3), (4, 4)]
    refused = apply(study, 1, "bouts.add", {}, author="kim", client="tab", seq=8)
    assert refused.error and refused == apply(study, 1, "undo", {}, author="", client="tab", seq=8)


def test_a_new_edit_ends_what_could_be_done_again(study: Study) -> None:
    score(study, 1, 5)
    step(study, "undo")
    score(study, 50, 60)
    assert can_redo(study, 1, "bouts", "kim") is None
    assert step(study, "redo").error == "There is nothing to redo."
    assert spans(study) == [(50, 60)]


def test_each_person_takes_back_only_what_is_theirs(study: Study) -> None:
    score(study, 1, 5, author="kim")
    score(study, 1, 5, author="jo")
    score(study, 50, 60, author="jo")
    assert step(study, "undo", "kim").error is None
    table = read_bouts(study)
    assert table["annotator"].tolist() == ["jo", "jo"]
    assert step(study, "undo", "ann").error == "There is nothing to undo."
    step(study, "undo", "jo")
    step(study, "redo", "kim")
    assert read_bouts(study)["annotator"].tolist() == ["kim", "jo"]


def test_nobody_changes_or_deletes_what_another_scored(study: Study) -> None:
    bout = score(study, 1, 5, author="kim").result["bout_id"]
    change = apply(study, 1, "bouts.change", {"bout_id": bout, "stop_frame": 9}, author="jo")
    assert change.error == ("This bout of groom is by kim, not by jo: score your own beside it.")
    assert "by kim, not by jo" in str(
        apply(study, 1, "bouts.delete", {"bout_ids": [bout]}, author="jo").error
    )
    assert spans(study) == [(1, 5)]
    other_video = apply(study, 2, "bouts.delete", {"bout_ids": [bout]}, author="kim")
    assert "no bout 1 in this video" in str(other_video.error)


def test_overlapping_bouts_of_the_same_become_one_and_are_parted_by_undo(study: Study) -> None:
    first = score(study, 10, 20, comment="a").result["bout_id"]
    second = score(study, 30, 40, comment="b").result["bout_id"]
    score(study, 20, 22)  # touches, which is no overlap
    done = score(study, 15, 35)
    assert done.result["merged"] == [first, second, 3]
    assert (done.result["start_frame"], done.result["stop_frame"]) == (10, 40)
    assert spans(study) == [(10, 40)]
    assert read_bouts(study, remarks=True)["comment"].tolist() == ["a; b"]
    step(study, "undo")
    assert spans(study) == [(10, 20), (20, 22), (30, 40)]
    apply(study, 1, "bouts.change", {"bout_id": second, "start_frame": 21}, author="kim")
    assert spans(study) == [(10, 20), (20, 40)]
    assert read_bouts(study)["bout_id"].tolist() == [first, second]


def test_bouts_of_others_targets_and_kinds_stay_apart(study: Study) -> None:
    score(study, 10, 20)
    score(study, 12, 18, subject="animal2")
    score(study, 12, 18, target="animal2")
    score(study, 12, 18, behaviour="rear")
    score(study, 12, 18, author="jo")
    score(study, 15, kind="point")
    assert len(read_bouts(study)) == 6
    other = score(study, 12, 14, modifiers={"where": "tail"})
    assert other.error == (
        "groom of animal1 is scored from frame 10 to 20 with other modifiers: change or delete "
        "that bout first."
    )


def test_a_moment_pressed_twice_in_a_frame_is_one(study: Study) -> None:
    score(study, 3, kind="point")
    again = score(study, 3, 77, kind="point")
    assert again.result["merged"] == [1]
    assert spans(study) == [(3, 3)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"start_frame": 9, "stop_frame": 9}, "stops at frame 9, not after its start"),
        ({"start_frame": 9, "stop_frame": 5}, "stops at frame 5, not after its start"),
        ({"start_frame": -1}, "runs from frame -1 to 20"),
        ({"stop_frame": 101}, "has the frames 0 to 99"),
        ({"start_frame": 100, "kind": "point"}, "has the frames 0 to 99"),
        ({"start_frame": 1.5}, "whole frame numbers"),
        ({"start_frame": True}, "whole frame numbers"),
        ({"start_frame": "1"}, "whole frame numbers"),
        ({"stop_frame": None}, "whole frame numbers"),
        ({"stop_frame": 10**30}, "has the frames 0 to 99"),
        ({"kind": "event"}, "a state or a point, not 'event'"),
        ({"kind": ["state"]}, "a state or a point"),
        ({"behaviour": ""}, "A behaviour is one line"),
        ({"behaviour": "a\nb"}, "A behaviour is one line"),
        ({"behaviour": "x" * 201}, "A behaviour is one line of 1 to 200 letters"),
        ({"behaviour": 7}, "A behaviour is one line"),
        ({"subject": "bob"}, "no animal 'bob' in 'even': it has animal1, animal2"),
        ({"subject": {}}, "A subject is one line"),
        ({"target": "moon"}, "no animal or region 'moon' in 'even'"),
        ({"modifiers": [1]}, "Modifiers are up to 20 names"),
        ({"modifiers": {"a": {"b": 1}}}, "Modifier 'a' is a text, a number or a list"),
        ({"modifiers": {"a": ["x" * 300]}}, "Modifier 'a' is a text, a number or a list"),
        ({"comment": "x" * 2001}, "A comment is a text of up to 2000 letters"),
        ({"comment": 5}, "A comment is a text"),
    ],
)
def test_a_bout_that_cannot_be_is_refused_in_one_line(
    study: Study, data: dict[str, Any], said: str
) -> None:
    done = score(study, **{"start": 10, "stop": 20, **_as_arguments(data)})
    assert said in str(done.error) and "\n" not in str(done.error)
    assert spans(study) == [] and len(log(study)) == 1
    assert can_undo(study, 1, "bouts", "kim") is None


def _as_arguments(data: dict[str, Any]) -> dict[str, Any]:
    return {{"start_frame": "start", "stop_frame": "stop"}.get(k, k): v for k, v in data.items()}


@pytest.mark.parametrize(
    ("what", "data", "said"),
    [
        ("bouts.change", {"bout_id": 99}, "no bout 99 in this video any more"),
        ("bouts.change", {"bout_id": "1"}, "by its number which bout"),
        ("bouts.change", {"bout_id": 2**70}, "by its number which bout"),
        ("bouts.change", {"bout_id": 1, "stop_frame": 1}, "not after its start"),
        ("bouts.delete", {"bout_ids": []}, "a list of 1 to 10000 numbers"),
        ("bouts.delete", {"bout_ids": [1, 99]}, "no bout 99"),
        ("bouts.delete", {}, "a list of 1 to 10000 numbers"),
        ("bouts.watched", {"behaviour": "groom"}, "done is true or false"),
        ("bouts.watched", {"behaviour": 1, "done": True}, "A behaviour is one line"),
        ("bouts.put", {"remove": [1], "rows": []}, "There is no edit 'bouts.put'"),
        ("drop table", {}, "There is no edit 'drop table'"),
        ("undo", {}, "undo needs a scope: one of"),
        ("redo", {"scope": ["bouts"]}, "redo needs a scope"),
        ("undo", {"scope": "x' OR 1=1"}, "undo needs a scope"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_in_one_line(
    study: Study, what: str, data: dict[str, Any], said: str
) -> None:
    score(study, 10, 20)
    done = apply(study, 1, what, data, author="kim")
    assert said in str(done.error) and "\n" not in str(done.error)
    assert spans(study) == [(10, 20)]


def test_what_is_not_given_stays_as_it_was(study: Study) -> None:
    bout = score(study, 10, 20, target="animal2", comment="c").result["bout_id"]
    apply(study, 1, "bouts.change", {"bout_id": bout, "comment": ""}, author="kim")
    row = read_bouts(study, remarks=True).iloc[0]
    assert (row["target"], row["stop_frame"]) == ("animal2", 20) and pd.isna(row["comment"])
    same = apply(study, 1, "bouts.change", {"bout_id": bout, "stop_frame": 20}, author="kim")
    assert same.error is None
    assert can_undo(study, 1, "bouts", "kim") == "change comment of a bout"
    apply(study, 1, "bouts.change", {"bout_id": bout, "kind": "point"}, author="kim")
    assert spans(study) == [(10, 10)]
    step(study, "undo")
    assert spans(study) == [(10, 20)]


def test_scoring_does_not_say_that_the_video_was_watched_to_the_end(study: Study) -> None:
    score(study, 10, 20)
    assert watched_videos(study, None, "person", "kim") == set()
    done = {"behaviour": "groom", "done": True}
    apply(study, 1, "bouts.watched", done, author="kim")
    assert watched_videos(study, "groom", "person", "kim") == {"even"}
    assert watched_videos(study, "groom", "person", "jo") == set()
    noted = study.rows("SELECT watched_at FROM watched")
    apply(study, 1, "bouts.watched", done, author="kim")  # nothing new, and nothing to take back
    apply(study, 1, "bouts.watched", {**done, "done": False}, author="kim")
    assert watched_videos(study, "groom", "person", "kim") == set()
    step(study, "undo")
    assert study.rows("SELECT watched_at FROM watched") == noted
    assert can_undo(study, 1, "bouts", "kim") == "watched to the end for groom"
    step(study, "undo")
    assert watched_videos(study, "groom", "person", "kim") == set()
    assert can_undo(study, 1, "bouts", "kim") == "groom of animal1 at frame 10"


def test_a_video_without_animals_takes_any_name_and_one_animal_needs_none(study: Study) -> None:
    score(study, 0, 2, video=2, subject="Émile <b>")
    score(study, 0, 2, video=2, subject="")
    assert set(read_bouts(study, 2)["subject"]) == {"Émile <b>", "No focal subject"}


def test_bouts_that_come_back_know_the_new_name_of_their_animal(study: Study) -> None:
    score(study, 10, 20, target="animal2")
    step(study, "undo")
    rename_animal(study, 1, 1, "Ada")
    rename_animal(study, 1, 2, "Bea")
    step(study, "redo")
    row = read_bouts(study).iloc[0]
    assert (row["subject"], row["target"]) == ("Ada", "Bea")


def test_the_log_says_who_did_what_and_what_stands(study: Study) -> None:
    score(study, 1, 5)
    score(study, 10, 15, author="jo")
    step(study, "undo")
    score(study, 200, 300)
    table = log(study)
    assert table["author"].tolist() == ["kim", "jo", "kim", "kim"]
    assert table["kind"].tolist() == ["bouts.add", "bouts.add", "undo", "bouts.add"]
    assert table["stands"].tolist() == [False, True, False, False]
    assert table["undoes"].tolist()[2] == 1 and table["error"].tolist()[3]
    assert table["words"].tolist()[1] == "groom of animal1 at frame 10"
    assert len(log(study, 2)) == 0
    before = study.rows("SELECT * FROM edits")
    step(study, "redo")
    assert study.rows("SELECT * FROM edits")[:4] == before  # rows are only ever added


def test_the_state_of_bouts_changes_with_everything_that_is_shown(study: Study) -> None:
    seen = {bouts_state(study, 1)}
    bout = score(study, 1, 5).result["bout_id"]
    seen.add(bouts_state(study, 1))
    for change in ({"comment": "x"}, {"modifiers": {"a": "b"}}, {"target": "animal2"},
                   {"stop_frame": 6}):  # fmt: skip
        apply(study, 1, "bouts.change", {"bout_id": bout, **change}, author="kim")
        seen.add(bouts_state(study, 1))
    rename_animal(study, 1, 1, "Ada")
    seen.add(bouts_state(study, 1))
    assert len(seen) == 7
    score(study, 0, 2, video=2)
    assert bouts_state(study, 1) in seen


def everything(study: Study) -> list[tuple[Any, ...]]:
    """Bouts and watched of all videos, every column."""
    bouts = study.rows("SELECT * FROM bouts ORDER BY bout_id")
    return bouts + study.rows("SELECT * FROM watched ORDER BY ALL")


@pytest.mark.parametrize("seed", range(4))
def test_undoing_all_is_the_beginning_and_redoing_all_is_the_end(study: Study, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for start in (0, 30, 60):
        score(study, start, start + 20, author="jo", comment="another person's")
    others = everything(study)
    moments = [others]
    for _ in range(40):
        random_edit(study, rng)
        if everything(study) != moments[-1]:
            moments.append(everything(study))
    end = moments[-1]
    for expected in reversed(moments[:-1]):
        assert step(study, "undo").error is None
        assert everything(study) == expected
    assert can_undo(study, 1, "bouts", "kim") is None
    for expected in moments[1:]:
        assert step(study, "redo").error is None
        assert everything(study) == expected
    assert everything(study) == end and step(study, "redo").error
    while can_undo(study, 1, "bouts", "kim"):
        step(study, "undo")
    assert everything(study) == others


def random_edit(study: Study, rng: np.random.Generator) -> None:
    """One edit by kim; some are refused."""
    mine = study.rows("SELECT bout_id FROM bouts WHERE annotator = 'kim'")
    chosen = int(rng.choice([row[0] for row in mine])) if mine else 0
    start = int(rng.integers(0, 99))
    stop = start + int(rng.integers(0, 30))
    which = rng.integers(0, 6)
    if which < 3 or not mine:
        more = {"comment": "c"} if which == 1 else {"modifiers": {"m": "v"}} if which == 2 else {}
        kind = "point" if start % 4 == 0 else "state"
        score(study, start, stop, kind=kind, behaviour=str(rng.choice(["groom", "rear"])), **more)
    elif which == 3:
        data = {"bout_id": chosen, "start_frame": start, "stop_frame": stop}
        apply(study, 1, "bouts.change", data, author="kim")
    elif which == 4:
        apply(study, 1, "bouts.delete", {"bout_ids": [chosen]}, author="kim")
    else:
        data = {"behaviour": "groom", "done": bool(start % 2)}
        apply(study, 1, "bouts.watched", data, author="kim")


def test_a_kind_with_many_rows_gets_them_back(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits, "_kinds", dict(edits.kinds()))
    times = study.arrow("SELECT * FROM frame_times WHERE video_id = 1 ORDER BY frame")

    @kind("times.cut", scope="test")
    def cut(study: Study, video_id: int, data: edits.Data, author: str) -> Change:
        study.rows("DELETE FROM frame_times WHERE video_id = ?", [video_id])
        return Change(("times.put", {}), saved={"frame_times": times, "none": times.slice(0, 0)})

    @kind("times.put", scope="test", internal=True)
    def put(study: Study, video_id: int, data: edits.Data, author: str) -> Change:
        assert edits.saved_rows(study, data["edit_id"], "none").num_rows == 0
        rows = edits.saved_rows(study, data["edit_id"], "frame_times")
        study.connection.register("put_rows", rows)
        study.rows("INSERT INTO frame_times SELECT * FROM put_rows")
        return Change(("times.cut", {}))

    for _ in range(2):
        apply(study, 1, "times.cut", {}, author="kim")
        step(study, "undo", "jo", "test")  # such a scope is everybody's
        step(study, "redo", "kim", "test")
        step(study, "undo", "kim", "test")
    assert study.arrow("SELECT * FROM frame_times WHERE video_id = 1 ORDER BY frame") == times
    with pytest.raises(StudyError, match="kept no rows of tracks"):
        edits.saved_rows(study, 1, "tracks")


def test_edits_of_an_earlier_tracking_run_are_past(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits, "_kinds", dict(edits.kinds()))

    @kind("runs.touch", scope="test")
    def touch(study: Study, video_id: int, data: edits.Data, author: str) -> Change:
        return Change(("runs.touch", {}), run_id=data.get("run", "run-even"))

    apply(study, 1, "runs.touch", {}, author="kim")
    assert can_undo(study, 1, "test") == "runs touch"
    study.rows("UPDATE runs SET active = false")
    assert can_undo(study, 1, "test") is None
    assert step(study, "undo", scope="test").error == (
        "There is nothing to undo: the 1 edits before were of tracks that were computed anew since."
    )


def test_undo_outlives_the_program(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with open_study(folder, create=True) as study:
        add_video(study, Info(tmp_path / "a.mp4", 100))
        score(study, 1, 5)
        score(study, 10, 15)
    for expected in ([(1, 5)], []):
        with open_study(folder, write=True) as study:
            step(study, "undo")
            assert spans(study) == expected
    for expected in ([(1, 5)], [(1, 5), (10, 15)]):
        with open_study(folder, write=True) as study:
            step(study, "redo")
            assert spans(study) == expected


def meant(study: Study, which: str, of: dict[str, Any], **more: Any) -> edits.Applied:
    return apply(study, 1, which, {"scope": "bouts", "of": of}, author="kim", **more)


def test_an_undo_never_takes_back_another_edit_than_the_one_it_means(study: Study) -> None:
    data = {"behaviour": "groom", "subject": "animal1", "start_frame": 1, "stop_frame": 5}
    good = apply(study, 1, "bouts.add", data, author="kim", client="a", seq=1)
    apply(study, 1, "bouts.add", {**data, "stop_frame": 500}, author="kim", client="a", seq=2)
    refused = meant(study, "undo", {"client": "a", "seq": 2}, client="a", seq=3)
    assert "was not done: the study is as it was" in str(refused.error)
    same = {"bout_id": good.result["bout_id"], "stop_frame": 5}
    apply(study, 1, "bouts.change", same, author="kim", client="a", seq=4)
    assert "changed nothing" in str(meant(study, "undo", {"client": "a", "seq": 4}).error)
    later = {**data, "start_frame": 50, "stop_frame": 60}
    other = apply(study, 1, "bouts.add", later, author="kim", client="b", seq=1)
    first = meant(study, "undo", {"client": "a", "seq": 1})
    assert "made elsewhere, it is 'groom of animal1 at frame 50'" in str(first.error)
    assert spans(study) == [(1, 5), (50, 60)]
    steps = edits.next_steps(study, 1, "bouts", "kim")
    said = {"edit_id": other.edit_id, "words": "groom of animal1 at frame 50"}
    assert steps["undo"] == {**said, "by": "kim"}
    assert meant(study, "undo", {"edit_id": other.edit_id}).error is None
    assert meant(study, "undo", {"client": "a", "seq": 1}).error is None
    assert spans(study) == []
    assert "made elsewhere" in str(meant(study, "redo", {"client": "b", "seq": 1}).error)
    assert meant(study, "redo", {"client": "a", "seq": 1}).error is None
    assert spans(study) == [(1, 5)]
    assert "an edit_id, or a client" in str(meant(study, "undo", {"seq": []}).error)


def test_an_undo_makes_one_with_what_was_imported_meanwhile(study: Study) -> None:
    first = score(study, 10, 20).result["bout_id"]
    apply(study, 1, "bouts.delete", {"bout_ids": [first]}, author="kim")
    columns = "video_id, behaviour, subject, kind, start_frame, stop_frame, start_s, stop_s"
    study.rows(
        f"INSERT INTO bouts (bout_id, {columns}, source, annotator) "
        "VALUES (nextval('bout_ids'), 1, 'groom', 'animal1', 'state', 10, 20, 0, 1, "
        "'person', 'kim')"
    )
    imported = study.rows("SELECT max(bout_id) FROM bouts")[0][0]
    assert step(study, "undo").error is None
    assert spans(study) == [(10, 20)]
    assert step(study, "redo").error is None
    assert study.rows("SELECT bout_id FROM bouts") == [(imported,)]


def test_states_of_one_exclusive_group_do_not_overlap(study: Study) -> None:
    group = [
        Behaviour(name, colour="#E69F00", exclusive_group="motion") for name in ("walk", "rest")
    ]
    save_ethogram(study, [*group, Behaviour("groom", colour="#E69F00")])
    score(study, 10, 40, behaviour="walk")
    done = score(study, 30, 50, behaviour="rest")
    assert str(done.error) == (
        "rest of animal1, frames 30 to 49, overlaps walk, frames 10 to 39: in 'motion' there is "
        "one at a time. Change or delete that bout first."
    )
    beside = score(study, 40, 50, behaviour="rest")
    moved = {"bout_id": beside.result["bout_id"], "start_frame": 39}
    assert "one at a time" in str(apply(study, 1, "bouts.change", moved, author="kim").error)
    for other in ({"subject": "animal2"}, {"author": "jo"}, {"behaviour": "groom"}):
        assert score(study, 30, 50, **{"behaviour": "rest", **other}).error is None


def test_an_edit_finds_an_animal_that_was_renamed_on_its_way(study: Study) -> None:
    rename_animal(study, 1, 1, "Ada")
    rename_animal(study, 1, 2, "Bea")
    done = score(study, 1, 5, subject="animal1", subject_id=1, target="animal2", target_id=2)
    assert done.error is None
    row = read_bouts(study).iloc[0]
    assert (row["subject"], row["target"]) == ("Ada", "Bea")
    assert "no animal 'bob'" in str(score(study, 1, 5, subject="bob", subject_id=99).error)
