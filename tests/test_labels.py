"""Labels of frames: nothing that a person drew is lost, by undo, restart or several writers."""

import multiprocessing
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from storage_samples import Info

from storage.edit_labels import (
    clear_labels,
    label_record,
    redo_labels,
    save_labels,
    save_many,
    undo_labels,
)
from storage.edits import apply, can_redo, can_undo, log, next_steps
from storage.errors import StudyError
from storage.labels import (
    Label,
    Proposal,
    class_names,
    find_revisions,
    frame_labels,
    label_counts,
    label_of,
    labels_version,
    open_proposals,
    read_labels,
    revisions,
    save_proposals,
)
from storage.study import Study, open_study
from storage.videos import add_video

SIZE = (64, 48)  # width, height of the videos, px


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """Videos 1 and 2 of 100 frames of 64 x 48 px."""
    with open_study(make_study(tmp_path), write=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("unlabelled"))


def make_study(folder: Path) -> Path:
    with open_study(folder / "s", create=True) as opened:
        for name in ("a", "b"):
            add_video(opened, Info(folder / f"{name}.mp4", 100, Fraction(25), *SIZE))
    return folder / "s"


def square(
    x0: int, y0: int, side: int = 4, name: str = "mouse", animal: int | None = None
) -> Label:
    return label_of(np.ones((side, side)), name, animal, x0, y0)


def corners(study: Study, frame: int = 7) -> list[tuple[int, int]] | None:
    found = frame_labels(study, 1, frame)
    return None if found is None else [label.box[:2] for label in found.labels]


def test_what_was_saved_is_read_again_whole(study: Study) -> None:
    mask = np.zeros((6, 9), np.uint8)
    mask[1:5, 2:8] = 1
    mask[2, 3] = 0
    drawn = [label_of(mask, "mouse", 2, 10, 20), square(40, 5, name="rat")]
    number = save_labels(study, 1, 7, drawn, author="kim")
    found = frame_labels(study, 1, 7)
    assert found is not None and found.labels == tuple(drawn)
    assert (found.revision_id, found.author, found.origin) == (number, "kim", "person")
    assert found.corrected and found.sureness is None and found.made_at.tzinfo is not None
    first = found.labels[0]
    assert first.box == (12, 21, 18, 25) and first.area_px == 23 and first.animal_id == 2
    assert np.array_equal(first.whole(*SIZE)[20:26, 10:19], mask)
    assert class_names(study) == ["mouse", "rat"]
    assert frame_labels(study, 1, 8) is None and frame_labels(study, 2, 7) is None


def test_nobody_there_is_something_else_than_not_labelled(study: Study) -> None:
    assert corners(study) is None
    save_labels(study, 1, 7, [], author="kim")
    assert corners(study) == []
    clear_labels(study, 1, 7, author="kim")
    assert corners(study) is None and read_labels(study) == []
    assert undo_labels(study, 1, 7, author="kim") == "clear frame 7"
    assert corners(study) == []


def test_every_frame_has_an_undo_of_its_own_that_goes_back_without_limit(study: Study) -> None:
    for x in range(5):
        save_labels(study, 1, 7, [square(x, 0)], author="kim")
    save_labels(study, 1, 8, [square(30, 0)], author="kim")
    for x in (3, 2, 1, 0):
        undo_labels(study, 1, 7, author="kim")
        assert corners(study) == [(x, 0)]
    undo_labels(study, 1, 7, author="kim")
    assert corners(study) is None and corners(study, 8) == [(30, 0)]
    with pytest.raises(StudyError, match="nothing to undo"):
        undo_labels(study, 1, 7, author="kim")
    for x in range(5):
        redo_labels(study, 1, 7, author="kim")
        assert corners(study) == [(x, 0)]
    assert can_redo(study, 1, "labels", "kim", 7) is None
    assert can_undo(study, 1, "labels", "kim", 8) == "1 label in frame 8"


def test_undo_and_redo_survive_a_new_start(tmp_path: Path) -> None:
    folder = make_study(tmp_path)
    for x in (1, 2):
        with open_study(folder, write=True) as study:
            save_labels(study, 1, 7, [square(x, 0)], author="kim")
    for step, left in ((undo_labels, [(1, 0)]), (undo_labels, None), (redo_labels, [(1, 0)])):
        with open_study(folder, write=True) as study:
            step(study, 1, 7, author="kim")
        with open_study(folder) as study:
            assert corners(study) == left


def test_a_person_takes_back_only_what_is_theirs(study: Study) -> None:
    save_labels(study, 1, 7, [square(1, 0)], author="kim")
    save_labels(study, 1, 7, [square(2, 0)], author="lee")
    undo_labels(study, 1, 7, author="kim")
    assert corners(study) == [(2, 0)]
    undo_labels(study, 1, 7, author="lee")
    assert corners(study) is None
    redo_labels(study, 1, 7, author="kim")
    assert corners(study) == [(1, 0)]


def test_nothing_covers_what_another_person_saved_meanwhile(study: Study) -> None:
    seen = save_labels(study, 1, 7, [square(1, 0)], author="kim")
    save_labels(study, 1, 7, [square(2, 0)], author="lee", was=seen)
    with pytest.raises(StudyError, match="lee changed the labels of frame 7 meanwhile"):
        save_labels(study, 1, 7, [square(3, 0)], author="kim", was=seen)
    assert corners(study) == [(2, 0)]
    save_labels(study, 1, 7, [square(4, 0)], author="lee", was=seen)  # their own, one after another
    assert corners(study) == [(4, 0)]


@pytest.mark.parametrize("seen", [0, None])
def test_who_opened_an_unlabelled_frame_does_not_cover_what_came_since(study: Study, seen) -> None:
    done = save_labels(study, 1, 7, [square(2, 0)], author="lee")
    stroke = {"frame": 7, "labels": [label_record(square(3, 0))], "was": seen}
    for kind, origin in (("save", "draft"), ("save", "person"), ("clear", None)):
        asked = {**stroke, "origin": origin} if origin else {"frame": 7, "was": seen}
        refused = apply(study, 1, f"labels.{kind}", asked, author="kim").error
        assert refused is not None and "lee changed the labels of frame 7 meanwhile" in refused
    found = frame_labels(study, 1, 7)
    assert found is not None and found.revision_id == done and found.corrected
    told = apply(study, 1, "labels.save", {**stroke, "over": True}, author="kim")
    assert told.error is None and corners(study) == [(3, 0)]


def test_two_windows_of_one_person_do_not_cover_one_another_silently(study: Study) -> None:
    def stroke(window: str, seq: int, x: int, was: int, **more: object) -> str | None:
        data = {"frame": 7, "labels": [label_record(square(x, 0))], "origin": "draft",
                "was": was, "window": window, **more}  # fmt: skip
        return apply(study, 1, "labels.save", data, author="kim", client=window, seq=seq).error

    assert stroke("one", 1, 1, 0) is None
    assert stroke("one", 2, 2, 0) is None  # before the number of its first came back
    refused = stroke("two", 1, 3, 0)
    assert refused is not None and "You changed the labels of frame 7 in another window" in refused
    assert corners(study) == [(2, 0)]
    found = frame_labels(study, 1, 7)
    assert found is not None and stroke("two", 2, 4, found.revision_id) is None
    assert stroke("one", 3, 5, found.revision_id) is not None
    assert stroke("one", 4, 5, found.revision_id, over=True) is None
    assert corners(study) == [(5, 0)]


def test_a_draft_never_covers_what_another_person_corrected(study: Study) -> None:
    seen = save_labels(study, 1, 7, [square(2, 0)], author="lee")
    draft = {"frame": 7, "labels": [], "origin": "draft", "was": seen, "over": True}
    refused = apply(study, 1, "labels.save", draft, author="kim").error
    assert refused is not None and "lee corrected frame 7" in refused
    with pytest.raises(StudyError, match="lee corrected frame 7"):
        save_labels(study, 1, 7, [], author="kim", origin="draft")
    assert [one.frame for one in read_labels(study, corrected=True)] == [7]
    save_labels(study, 1, 8, [square(2, 0)], author="lee", origin="draft")
    begun = {"frame": 8, "labels": [], "origin": "draft", "was": 0}
    assert "meanwhile" in (apply(study, 1, "labels.save", begun, author="kim").error or "")
    assert apply(study, 1, "labels.save", {**begun, "over": True}, author="kim").error is None
    assert corners(study, 8) == []


def test_the_log_says_who_labelled_what_and_is_short(study: Study) -> None:
    mask = np.random.default_rng(0).random((40, 60)) < 0.5
    save_labels(study, 1, 7, [label_of(mask, "mouse")], author="kim")
    save_many(study, 1, {1: [square(1, 1)], 2: []}, author="lee", origin="import:coco")
    undo_labels(study, 1, 7, author="kim")
    table = log(study, 1)
    assert list(table["words"]) == ["1 label in frame 7", "2 frames by import:coco", "undo"]
    assert list(table["author"]) == ["kim", "lee", "kim"]
    assert list(table["stands"]) == [False, True, False]
    assert table["data"].str.len().max() < 200


def test_every_revision_stays_whatever_is_taken_back(study: Study) -> None:
    numbers = [save_labels(study, 1, 7, [square(x, 0)], author="kim") for x in range(3)]
    undo_labels(study, 1, 7, author="kim")
    save_labels(study, 1, 7, [square(9, 0)], author="kim")
    history = revisions(study, 1, 7)
    assert [one.found.labels[0].box[0] for one in history] == [0, 1, 2, 9]
    assert [one.stands for one in history] == [True, True, False, True]
    assert [one.revision_id for one in find_revisions(study, numbers)] == numbers


def test_frames_saved_together_are_taken_back_together(study: Study) -> None:
    save_labels(study, 1, 2, [square(5, 5)], author="kim")
    frames = {frame: [square(frame, 0)] for frame in (1, 2, 3)}
    assert save_many(study, 1, frames, author="kim", origin="import:coco") == [1, 3]
    assert corners(study, 2) == [(5, 5)]
    assert save_many(study, 1, frames, author="kim", origin="import:coco", force=True) == [1, 2, 3]
    assert corners(study, 2) == [(2, 0)]
    undo_labels(study, 1, None, author="kim")
    assert corners(study, 1) == [(1, 0)] and corners(study, 2) == [(5, 5)]
    undo_labels(study, 1, None, author="kim")
    assert corners(study, 1) is None and corners(study, 2) == [(5, 5)]


def test_a_program_never_covers_what_a_person_drew(study: Study) -> None:
    save_labels(study, 1, 7, [square(1, 0)], author="kim")
    filled = {7: [square(9, 9)], 8: [square(9, 9)]}
    for force in (False, True):
        done = save_many(study, 1, filled, author="", origin="background", force=force)
        assert done == [8]
    with pytest.raises(StudyError, match="A person labelled frame 7"):
        save_labels(study, 1, 7, [square(9, 9)], author="", origin="network:mice")
    assert corners(study) == [(1, 0)]
    assert [one.frame for one in read_labels(study, corrected=True)] == [7]


def test_unfinished_work_is_kept_and_not_covered_but_not_learned_from(study: Study) -> None:
    save_proposals(study, 1, [Proposal(7, "diverse", 0.5)])
    save_labels(study, 1, 7, [square(1, 0)], author="kim", origin="draft")
    assert save_many(study, 1, {7: []}, author="", origin="background") == []
    assert corners(study) == [(1, 0)] and read_labels(study, corrected=True) == []
    row = label_counts(study).loc[0, ["corrected", "waiting", "proposed"]]
    assert row.tolist() == [0, 1, 1]
    save_labels(study, 1, 7, [square(1, 0)], author="kim")
    row = label_counts(study).loc[0, ["corrected", "waiting", "proposed"]]
    assert row.tolist() == [1, 0, 0]


def test_saving_the_same_again_adds_nothing(study: Study) -> None:
    numbers = [save_labels(study, 1, 7, [square(1, 0)], author="kim") for _ in range(2)]
    assert numbers[0] == numbers[1] and len(revisions(study, 1, 7)) == 1
    undo_labels(study, 1, 7, author="kim")
    assert corners(study) is None


def test_counts_say_what_is_corrected_waiting_and_proposed(study: Study) -> None:
    asked = [Proposal(frame, "diverse", 0.5) for frame in (3, 4, 5, 6)]
    assert save_proposals(study, 1, asked, "kim") == 4
    assert save_proposals(study, 1, asked[:2], "kim") == 0
    sure = {3: 0.9, 4: 0.25}
    fills = {3: [square(1, 1)], 4: [square(2, 2)]}
    save_many(study, 1, fills, author="", origin="background", sureness=sure)
    save_labels(study, 1, 3, [square(1, 1), square(9, 9, name="rat")], author="kim")
    clear_labels(study, 1, 6, author="kim")
    counts = label_counts(study).set_index("video")
    row = ["corrected", "waiting", "proposed", "animals", "classes"]
    assert counts.loc["a", row].tolist() == [1, 1, 2, 2, "mouse 1, rat 1"]
    assert counts.loc["b", row].tolist() == [0, 0, 0, 0, ""]
    assert [one.frame for one in open_proposals(study, 1)] == [4, 5]
    found = frame_labels(study, 1, 4)
    assert found is not None and found.sureness == 0.25 and not found.corrected


def test_the_state_of_a_videos_labels_changes_with_them(study: Study) -> None:
    seen = [labels_version(study, 1)]
    save_labels(study, 1, 7, [square(1, 0)], author="kim")
    seen.append(labels_version(study, 1))
    undo_labels(study, 1, 7, author="kim")
    seen.append(labels_version(study, 1))
    save_proposals(study, 1, [Proposal(3, "diverse", 1.0)])
    seen.append(labels_version(study, 1))
    other = labels_version(study, 2)
    save_labels(study, 1, 8, [], author="kim")
    assert len({*seen, labels_version(study, 1)}) == 5 and labels_version(study, 2) == other


def test_an_edit_that_arrives_twice_is_made_once(study: Study) -> None:
    twice = [
        save_labels(study, 1, 7, [square(1, 0)], author="kim", client="tab", seq=4)
        for _ in range(2)
    ]
    assert twice[0] == twice[1] and len(revisions(study, 1, 7)) == 1
    steps = next_steps(study, 1, "labels", "kim", 7)
    assert steps["undo"]["words"] == "1 label in frame 7" and steps["redo"] is None


def test_a_label_may_come_as_polygons_with_holes(study: Study) -> None:
    ring = [[10, 10], [16, 10], [16, 16], [10, 16]]
    hole = [[12, 12], [14, 12], [14, 14], [12, 14]]
    record = {"class": "mouse", "polygons": [ring], "holes": [hole]}
    done = apply(study, 1, "labels.save", {"frame": 0, "labels": [record]}, author="kim")
    assert done.error is None
    found = frame_labels(study, 1, 0)
    assert found is not None and found.labels[0].area_px == 36 - 4
    assert found.labels[0].box == (10, 10, 16, 16)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"frame": 100}, "Frame 100 is not in the video: it has 100, from 0"),
        ({"frame": "7"}, "Frame 7 is not in the video"),
        ({"origin": "martian"}, "do not come from 'martian'"),
        ({"origin": "import:"}, "do not come from 'import:'"),
        ({"sureness": 2}, "from 0 to 1"),
        ({"labels": {}}, "a list of at most"),
        ({"labels": [3]}, "no object"),
        ({"labels": [{"class": " ", "polygons": []}]}, "name of its class"),
        ({"labels": [{"class": "m", "polygons": [[[0, 0], [1, 1]]]}]}, "at least three corners"),
        ({"labels": [{"class": "m", "polygons": [[[0, 0], [1, "a"], [2, 2]]]}]}, "three corners"),
        ({"labels": [{"class": "m", "polygons": [[[0, 0], [1e9, 0], [2, 2]]]}]}, "no positions"),
        ({"labels": [{"class": "m", "polygons": [[[70, 0], [80, 0], [75, 9]]]}]}, "no pixel"),
        ({"labels": [{**label_record(square(0, 0)), "x0": 61}]}, "leaves the picture"),
        ({"labels": [{**label_record(square(0, 0)), "width": 5}]}, "does not fill its box"),
        ({"labels": [{**label_record(square(0, 0)), "rle": "%"}]}, "no base64"),
        ({"labels": [{**label_record(square(0, 0)), "rle": "EAA="}]}, "is empty"),
        ({"labels": [{**label_record(square(0, 0)), "animal_id": 0}]}, "no number from 1"),
        ({"labels": [label_record(square(0, 0, animal=2))] * 2}, "cannot both be animal 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_label_is_refused_in_one_line(unlabelled: Path, changed, said) -> None:
    data = {"frame": 7, "labels": [label_record(square(0, 0))], **changed}
    with open_study(unlabelled, write=True) as study:
        done = apply(study, 1, "labels.save", data, author="kim")
        assert done.error is not None and said in done.error and "\n" not in done.error
        assert read_labels(study) == [] and revisions(study, 1, 7) == []


def _draw(folder: Path, author: str, frames: range) -> None:
    for frame in frames:
        with open_study(folder, write=True, timeout_s=60) as study:
            save_labels(study, 1, frame, [square(frame, 1)], author=author)


def test_two_people_in_two_processes_lose_nothing(tmp_path: Path) -> None:
    folder, start = make_study(tmp_path), multiprocessing.get_context("spawn")
    both = [
        start.Process(target=_draw, args=(folder, "kim", range(0, 5))),
        start.Process(target=_draw, args=(folder, "lee", range(2, 7))),
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(120)
    assert [one.exitcode for one in both] == [0, 0]
    with open_study(folder) as study:
        assert [one.frame for one in read_labels(study, 1)] == list(range(7))
        drawn = {f: {r.found.author for r in revisions(study, 1, f)} for f in range(2, 5)}
        assert drawn == {frame: {"kim", "lee"} for frame in range(2, 5)}
        assert len(log(study, 1)) == 10
