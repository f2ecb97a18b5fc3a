"""`ethoscribe labels`: from a film to labelled frames, out to other tools and back."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from film import positions, write_video
from PIL import Image
from storage_samples import mask_shard, run_of, track_shard
from streamlit.testing.v1 import AppTest
from terminal import here
from test_labelled_poses import sleap_file

from app.annotating.label_work import on_page
from app.labelling.exporting import export_labels
from app.labelling.filling import Fills, _believed
from app.labelling.importing import UNSEEN, Wish, _which, import_labels
from app.labelling.listing import last_batch, step
from app.labelling.posed_images import Posing
from app.library import add
from storage.edit_labels import save_labels
from storage.labels import (
    Label,
    LabelledFrame,
    frame_labels,
    label_of,
    open_proposals,
    read_labels,
)
from storage.networks import register_network
from storage.runs import ingest_run
from storage.study import open_study
from storage.videos import add_video, find_video, frame_times, videos
from tracking.video import probe, read_frames_at

FRAMES, SIZE = 120, (320, 240)
RADIUS = 9


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film called cage: two dark discs, 120 frames."""
    return write_video(tmp_path_factory.mktemp("film") / "cage.mp4", FRAMES, 2)


@pytest.fixture
def study(tmp_path: Path, film: Path) -> Path:
    add(tmp_path / "study", film)
    return tmp_path / "study"


def truth(frame: int) -> list[np.ndarray]:
    """The true masks of the two discs, (240, 320) bool each."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    centres = positions(FRAMES, 2, *SIZE)[frame]
    return [(columns - x) ** 2 + (rows - y) ** 2 <= RADIUS**2 for x, y in centres]


def draw(study: Path, frames: tuple[int, ...] = (3, 50, 77), author: str = "kim") -> None:
    """Label frames with the true masks."""
    with open_study(study, write=True) as opened:
        for frame in frames:
            labels = [label_of(mask, "mouse", k + 1) for k, mask in enumerate(truth(frame))]
            save_labels(opened, 1, frame, labels, author=author)


def labelled(study: Path, video: str = "cage") -> dict[int, LabelledFrame]:
    with open_study(study) as opened:
        number = find_video(opened, video).video_id
        return {one.frame: one for one in read_labels(opened, number)}


def shapes(found: dict[int, LabelledFrame]) -> dict[int, list[tuple]]:
    """What is labelled, without which animal it is, in an order of its own."""
    return {
        frame: sorted((one.class_name, one.box, one.rle) for one in of.labels)
        for frame, of in found.items()
    }


def overlap(label: Label, mask: np.ndarray) -> float:
    own = label.whole(*SIZE) > 0
    return np.count_nonzero(own & mask) / np.count_nonzero(own | mask)


# --- proposing


def test_frames_are_proposed_and_outlined_for_a_person_to_correct(study: Path) -> None:
    done = here("labels", "propose", "-s", study, "--frames", 4, "--animals", 2, "--author", "kim")
    assert done.status == 0, done.err
    frames = [int(line.split("\t")[1]) for line in done.out.splitlines()]
    assert len(set(frames)) == 4 and frames == sorted(frames)
    found = labelled(study)
    assert sorted(found) == frames
    for frame, one in found.items():
        assert (one.origin, one.corrected) == ("background", False)
        assert one.sureness is not None and one.sureness > 0.5
        best = [max(overlap(label, mask) for label in one.labels) for mask in truth(frame)]
        assert len(one.labels) == 2 and min(best) > 0.8
    counts = csv.DictReader(here("labels", "list", "-s", study).out.splitlines())
    row = next(counts)
    assert [row[name] for name in ("corrected", "waiting", "proposed")] == ["0", "4", "4"]
    again = here("labels", "propose", "-s", study, "--frames", 2, "--animals", 2)
    more = {int(line.split("\t")[1]) for line in again.out.splitlines()}
    assert len(more) == 2 and not more & set(frames)


def test_what_a_person_drew_is_not_filled_in_again(study: Path) -> None:
    draw(study, (50,))
    done = here("labels", "fill", 50, 60, "-s", study, "--video", "cage", "--animals", 2)
    assert done.status == 0 and "1 frame filled in" in done.err
    found = labelled(study)
    assert (found[50].origin, found[60].origin) == ("person", "background")
    assert {label.class_name for label in found[60].labels} == {"mouse"}
    here("labels", "undo", "-s", study)
    assert sorted(labelled(study)) == [50]
    done = here("labels", "undo", "-s", study, "--author", "kim", "--frame", 50)
    assert done.status == 0 and "taken back: 2 labels in frame 50" in done.err


def test_the_only_video_needs_no_name_and_frames_outside_of_it_are_refused(study: Path) -> None:
    for wrong in (FRAMES, 99999):
        done = here("labels", "fill", 3, wrong, "-s", study, "--animals", 2)
        assert done.status == 1 and done.says_one_clear_line()
        assert f"cage has no frame {wrong}: it has {FRAMES}, from 0" in done.err
    assert labelled(study) == {}
    done = here("labels", "fill", 3, "-s", study, "--animals", 2)
    assert (
        done.status == 0 and "cage: 1 frame filled in" in done.err and list(labelled(study)) == [3]
    )


def test_frames_around_those_that_judge_a_network_are_not_proposed(
    study: Path, tmp_path: Path
) -> None:
    draw(study, (10, 110, 112))
    weights = tmp_path / "mice.pt"
    weights.write_bytes(b"weights")
    with open_study(study, write=True) as opened:
        numbers = {one.frame: one.revision_id for one in read_labels(opened)}
        rows = [
            {"video": "cage", "frame": frame, "revision": numbers[frame], "use": use}
            for frame, use in ((10, "train"), (110, "validation"), (112, "validation"))
        ]
        register_network(
            opened, "mice", weights, kind="pt", classes=["mouse"], author="kim", trained_on=rows
        )
        fps = float(find_video(opened, 1).fps)
    around = round(2 * fps)  # 2 s: the film is 120 frames long
    first, last = 110 - around, FRAMES - 1
    assert first > 10
    done = here("labels", "propose", "-s", study, "--frames", 6, "--no-fill")
    assert done.status == 0, done.err
    frames = [int(line.split("\t")[1]) for line in done.out.splitlines()]
    assert not [frame for frame in frames if first <= frame <= last]
    assert f"cage: frames {first} to {last} are kept for judging mice:1" in done.err


def test_films_come_into_a_new_study_and_damaged_ones_make_none(film: Path, tmp_path: Path) -> None:
    study, bad = tmp_path / "new", tmp_path / "bad.mp4"
    bad.write_bytes(b"no film")
    done = here("labels", "propose", film, bad, "-s", study, "--frames", 2)
    assert done.status == 1 and done.says_one_clear_line() and "bad.mp4" in done.err
    assert not study.exists()
    for _ in range(2):  # a film that is there already is not added again
        done = here("labels", "propose", film, "-s", study, "--frames", 2, "--no-fill")
        assert (
            done.status == 0 and [r.split("\t")[0] for r in done.out.splitlines()] == ["cage"] * 2
        )
    with open_study(study) as opened:
        assert len(videos(opened)) == 1 and len(open_proposals(opened, 1)) == 4


def test_without_a_number_of_animals_frames_are_proposed_and_not_filled(study: Path) -> None:
    done = here("labels", "propose", "-s", study, "--frames", 2)
    assert done.status == 0 and "say how many animals there are" in done.err
    assert labelled(study) == {}


def tracked(study: Path, folder: Path, segmenter: str, **settings: object) -> None:
    """Give the film a run: a box of 4 x 3 px at each disc, the second one lost from 25 to 60."""
    where = positions(FRAMES, 2, *SIZE).astype(np.float32)
    where[25:60, 1] = np.nan
    with open_study(study, write=True) as opened:
        times = frame_times(opened, 1)
        x, y = where[..., 0], where[..., 1]
        run = replace(run_of("r1", 2), segmenter=segmenter, settings=settings)
        tracks = track_shard(folder / "t.parquet", x, y, times)
        masks = mask_shard(folder / "m.parquet", x, y)
        ingest_run(opened, 1, run, [tracks], [masks], [], ["kim", "lee"])


def test_outlines_of_a_network_are_its_own_with_the_animals_they_are_of(
    study: Path, tmp_path: Path
) -> None:
    tracked(study, tmp_path, "yolo", network={"name": "mice:2"})
    done = here("labels", "fill", 20, 30, "-s", study, "--video", "cage")
    assert done.status == 0 and "which yolo found" in done.err
    found = labelled(study)
    assert {one.origin for one in found.values()} == {"network:mice:2"}
    assert [label.animal_id for label in found[20].labels] == [1, 2]
    assert [label.animal_id for label in found[30].labels] == [1]
    x, y = positions(FRAMES, 2, *SIZE)[20, 0].astype(int)
    assert found[20].labels[0].box == (x, y, x + 4, y + 3)
    assert found[20].sureness == pytest.approx(0.75) and (found[30].sureness or 0) < 0.3


def test_where_thresholds_see_nobody_apart_the_tracks_are_there_to_be_corrected(
    study: Path, tmp_path: Path
) -> None:
    tracked(study, tmp_path, "background")
    done = here("labels", "fill", 20, "-s", study, "--video", "cage", "--animals", 9)
    assert done.status == 0 and "those of the tracks" in done.err
    found = labelled(study)[20]
    assert found.origin == "background" and (found.sureness or 1) < 0.5
    assert [label.animal_id for label in found.labels] == [1, 2]


def test_an_outline_that_covers_more_than_an_animal_can_is_not_filled_in() -> None:
    mouse, floor = (label_of(np.ones(size, np.uint8), "mouse") for size in ((20, 30), (100, 200)))
    kept = _believed(Fills(labels={3: [mouse, floor], 4: [floor]}), most_px=5000)
    assert kept.labels == {3: [mouse]}


def test_frames_in_which_tracks_are_doubtful_or_animals_meet_are_proposed(
    study: Path, tmp_path: Path
) -> None:
    tracked(study, tmp_path, "background")
    done = here("labels", "propose", "-s", study, "--frames", 4, "--no-fill")
    frames = [int(line.split("\t")[1]) for line in done.out.splitlines()]
    assert done.status == 0 and len(frames) == 4
    with open_study(study) as opened:
        why = {one.frame: one.why for one in open_proposals(opened, 1)}
    told = [frame for frame in frames if "lee" in why[frame]]
    assert told and all(25 <= frame < 60 for frame in told) and labelled(study) == {}


# --- out and back


@pytest.mark.parametrize("format", ["labelme", "coco", "yolo"])
def test_labels_go_out_and_come_back_to_the_pixel(
    study: Path, film: Path, tmp_path: Path, format: str
) -> None:
    draw(study)
    with open_study(study, write=True) as opened:
        save_labels(opened, 1, 90, [], author="kim")
    done = here("labels", "export", "-s", study, "--format", format, "-o", tmp_path / "out")
    assert done.status == 0 and "4 frames, 6 outlines" in done.err
    other = tmp_path / "other"
    add(other, film)
    done = here("labels", "import", tmp_path / "out", "-s", other, "--author", "lee")
    assert done.status == 0, done.err
    sent, back = labelled(study), labelled(other)
    assert shapes(back) == shapes(sent) and back[90].labels == ()
    assert {(one.origin, one.author) for one in back.values()} == {(f"import:{format}", "lee")}
    if format != "yolo":  # which has no place for it
        animals = [{label.animal_id: label.box for label in one.labels} for one in back.values()]
        assert animals == [
            {label.animal_id: label.box for label in one.labels} for one in sent.values()
        ]
    log = here("edits", "log", "--scope", "labels", "-s", other).out.splitlines()
    assert len(log) == 2 and "lee" in log[1] and f"4 frames by import:{format}" in log[1]
    here("labels", "undo", "-s", other, "--author", "lee")
    assert labelled(other) == {}
    here("labels", "redo", "-s", other, "--author", "lee")
    assert shapes(labelled(other)) == shapes(sent)


def test_a_persons_frames_are_not_covered_by_an_import_unless_told_to(
    study: Path, tmp_path: Path
) -> None:
    draw(study)
    export_labels(study, tmp_path / "out", "coco")
    with open_study(study, write=True) as opened:
        save_labels(opened, 1, 50, [], author="kim")
    done = here("labels", "import", tmp_path / "out", "-s", study)
    assert "3 frames left alone: a person labelled them (--force)" in done.err
    assert labelled(study)[50].labels == ()
    done = here("labels", "import", tmp_path / "out", "-s", study, "--force", "--author", "lee")
    assert done.status == 0 and len(labelled(study)[50].labels) == 2
    here("labels", "undo", "-s", study, "--author", "lee")
    assert labelled(study)[50].labels == ()


def test_an_export_is_whole_or_not_there_and_covers_nothing(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = here("labels", "export", "-s", study, "-o", out)
    assert done.status == 1 and done.says_one_clear_line() and "no corrected frames" in done.err
    done = here("labels", "export", "-s", study, "-o", out, "--waiting")
    assert done.status == 1 and "no labelled frames" in done.err and "--waiting" not in done.err
    draw(study)
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    done = here("labels", "export", "-s", study, "-o", out)
    assert done.status == 1 and "is there already" in done.err
    assert [one.name for one in out.iterdir()] == ["mine.txt"]
    with open_study(study, write=True) as opened:
        opened.rows("UPDATE videos SET path = 'gone.mp4'")
    done = here("labels", "export", "-s", study, "-o", tmp_path / "new")
    assert done.status == 1 and done.says_one_clear_line() and "relink" in done.err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out", "study"]


# --- images of all kinds


def images(film: Path, folder: Path, names: dict[str, int]) -> Path:
    """Pictures of frames, and a square labelled in each with LabelMe."""
    folder.mkdir()
    wanted = sorted(set(names.values()))
    pixels = {one.index: one.rgb() for one in read_frames_at(probe(film), wanted)}
    for name, frame in names.items():
        Image.fromarray(pixels[frame]).save(folder / f"{name}.png")
        shape = {"label": "disc", "points": [[9, 9], [29, 29]], "shape_type": "rectangle"}
        record = {"imagePath": f"{name}.png", "imageWidth": SIZE[0], "imageHeight": SIZE[1],
                  "shapes": [shape]}  # fmt: skip
        (folder / f"{name}.json").write_text(json.dumps(record))
    return folder


def test_images_are_frames_of_a_video_only_when_they_or_a_person_say_so(
    study: Path, film: Path, tmp_path: Path
) -> None:
    folder = images(film, tmp_path / "loose", {"a010": 10, "a070": 70})
    done = here("labels", "import", folder, "-s", study)
    assert done.status == 1 and done.says_one_clear_line()
    assert "loose/a010.png does not say which frame" in done.err and "--as-video" in done.err
    assert labelled(study) == {}
    done = here("labels", "import", folder, "-s", study, "--video", "cage")
    assert done.status == 0, done.err
    found = labelled(study)
    assert sorted(found) == [10, 70]
    assert [label.box for label in found[10].labels] == [(9, 9, 29, 29)]


def test_of_a_file_with_several_videos_only_the_one_that_is_meant_is_taken(
    study: Path, film: Path, tmp_path: Path
) -> None:
    folder = images(film, tmp_path / "both", {"cage_5": 5, "yard_9": 9})
    for file, frame in (("cage", 5), ("yard", 9)):
        one = folder / f"{file}_{frame}.json"
        one.write_text(json.dumps({**json.loads(one.read_text()), "video": file, "frame": frame}))
    done = here("labels", "import", folder, "-s", study, "--video", "cage")
    assert done.status == 0 and sorted(labelled(study)) == [5]
    assert "1 images left out: no video here is theirs (yard_9.png for one)" in done.err


@pytest.mark.parametrize("format", ["labelme", "coco", "yolo"])
def test_what_nobody_corrected_waits_again_when_it_comes_back_unchanged(
    study: Path, film: Path, tmp_path: Path, format: str
) -> None:
    draw(study, (3,))
    with open_study(study, write=True) as opened:
        for frame in (50, 77):
            labels = [label_of(mask, "mouse") for mask in truth(frame)]
            save_labels(opened, 1, frame, labels, author="", origin="network:mice")
    out, again = tmp_path / "out", tmp_path / "again"
    done = here("labels", "export", "-o", out, "-s", study, "--waiting", "--format", format)
    assert done.status == 0 and "3 frames, 6 outlines" in done.err
    add(again, film)
    done = here("labels", "import", out, "-s", again)
    assert done.status == 0, done.err
    assert "2 frames are as a program outlined them and wait to be corrected" in done.err
    origins = {frame: one.origin for frame, one in labelled(again).items()}
    assert origins == {3: f"import:{format}", 50: "network:mice", 77: "network:mice"}
    assert shapes(labelled(again)) == shapes(labelled(study))


def test_what_somebody_corrected_with_another_tool_is_a_persons(
    study: Path, film: Path, tmp_path: Path
) -> None:
    with open_study(study, write=True) as opened:
        for frame in (50, 77):
            labels = [label_of(mask, "mouse") for mask in truth(frame)]
            save_labels(opened, 1, frame, labels, author="", origin="network:mice")
    out, again = tmp_path / "out", tmp_path / "again"
    here("labels", "export", "-o", out, "-s", study, "--waiting", "--format", "labelme")
    file = next(out.glob("*50.json"))
    record = json.loads(file.read_text())
    del record["shapes"][0]  # an animal that is none
    file.write_text(json.dumps(record))
    add(again, film)
    assert here("labels", "import", out, "-s", again).status == 0
    origins = {frame: one.origin for frame, one in labelled(again).items()}
    assert origins == {50: "import:labelme", 77: "network:mice"}


def test_images_numbered_from_one_are_noticed(study: Path, film: Path, tmp_path: Path) -> None:
    names = {f"img{frame + 1:04d}": frame for frame in range(0, 100, 20)}
    folder = images(film, tmp_path / "cage", names)
    done = here("labels", "import", folder, "-s", study)
    assert done.status == 1 and "one before those of cage" in done.err
    assert labelled(study) == {}
    done = here("labels", "import", folder, "-s", study, "--video", "cage", "--first", 1)
    assert done.status == 0 and sorted(labelled(study)) == list(range(0, 100, 20))


def test_images_of_something_else_are_refused(study: Path, film: Path, tmp_path: Path) -> None:
    places = np.random.default_rng(0).uniform(20, 220, (20, 12, 2))
    other = write_video(tmp_path / "other.mp4", 20, 12, places=places)
    folder = images(other, tmp_path / "cage", {f"img{frame:04d}": frame for frame in (1, 9)})
    done = here("labels", "import", folder, "-s", study)
    assert done.status == 1 and "does not show frame" in done.err and "--no-check" in done.err
    small = images(film, tmp_path / "small", {"cage_5": 5})
    Image.new("L", (160, 120)).save(small / "cage_5.png")
    done = here("labels", "import", small, "-s", study)
    assert done.status == 1 and "it is not the image that was labelled" in done.err
    late = images(film, tmp_path / "late", {"cage_500": 5})
    done = here("labels", "import", late, "-s", study)
    assert done.status == 1 and "frame 500 of cage, which has 120" in done.err
    twice = images(film, tmp_path / "twice", {"cage_5": 5, "cage_005": 5})
    done = here("labels", "import", twice, "-s", study)
    assert done.status == 1 and "are both frame 5 of cage" in done.err
    assert labelled(study) == {}


def test_images_in_which_a_small_animal_is_elsewhere_are_refused(
    study: Path, tmp_path: Path
) -> None:
    lonely = write_video(tmp_path / "lonely.mp4", FRAMES, 1)  # 1 of 300 px changes as it moves
    add(study, lonely)
    names = {"lonely_30": 0, "lonely_70": 40, "lonely_110": 80}
    folder = images(lonely, tmp_path / "wrong", names)
    for name, frame in names.items():
        x, y = positions(FRAMES, 1, *SIZE)[frame, 0].tolist()
        file = folder / f"{name}.json"
        record = json.loads(file.read_text())
        record["shapes"][0]["points"] = [[x - 6, y - 6], [x + 6, y + 6]]
        file.write_text(json.dumps(record))
    done = here("labels", "import", folder, "-s", study)
    assert done.status == 1 and "does not show frame" in done.err, done.err
    assert labelled(study, "lonely") == {}


def test_loose_images_become_a_recording_of_their_own(
    study: Path, film: Path, tmp_path: Path
) -> None:
    folder = images(film, tmp_path / "loose", {"b": 70, "a": 10, "c": 33})
    done = here("labels", "import", folder, "-s", study, "--as-video", "stills")
    assert done.status == 0, done.err
    found = labelled(study, "stills")
    assert sorted(found) == [0, 1, 2] and found[0].labels[0].box == (9, 9, 29, 29)
    seen = read_frames_at(probe(study / "videos" / "stills.mp4"), [0, 1, 2])
    true = {one.index: one.gray for one in read_frames_at(probe(film), [10, 33, 70])}
    for frame, of in zip(seen, (10, 70, 33), strict=True):
        assert np.abs(frame.gray.astype(int) - true[of].astype(int)).max() <= 3
    done = here("labels", "import", folder, "-s", study, "--as-video", "stills")
    assert done.status == 1 and "There is a video 'stills' already" in done.err
    done = here("labels", "import", folder, "-s", study, "--as-video", "more")
    assert done.status == 1 and "are the recording stills already" in done.err
    assert [one.name for one in (study / "videos").iterdir()] == ["stills.mp4"]


def test_images_whose_import_failed_half_way_come_in_when_it_is_asked_for_again(
    study: Path, film: Path, tmp_path: Path
) -> None:
    folder = images(film, tmp_path / "loose", {"a": 10, "b": 70})
    right = (folder / "a.json").read_text()
    shape = {"label": "disc", "points": [[9, 9], [29, 29]], "shape_type": "rectangle"}
    many = {**json.loads(right), "shapes": [shape] * 1001}
    (folder / "a.json").write_text(json.dumps(many))
    asked = ("labels", "import", folder, "-s", study, "--as-video", "stills")
    done = here(*asked)
    assert done.status == 1 and "at most 1000" in done.err and labelled(study, "stills") == {}
    (folder / "a.json").write_text(right)
    other = images(film, tmp_path / "other", {"a": 11, "b": 70})
    done = here("labels", "import", other, "-s", study, "--as-video", "stills")
    assert done.status == 1 and "There is a video 'stills' already" in done.err
    done = here(*asked)
    assert done.status == 0, done.err
    assert sorted(labelled(study, "stills")) == [0, 1]
    with open_study(study) as opened:
        assert [one.name for one in videos(opened)] == ["cage", "stills"]


def test_a_damaged_file_changes_nothing(study: Path, tmp_path: Path) -> None:
    bad = tmp_path / "cage.json"
    bad.write_text('{"shapes": [{"points": 3}], "imageWidth": 320, "imageHeight": 240}')
    for asked in ([bad], [tmp_path / "none"], [bad, "--video", "nobody"], [bad, "--format", "x"]):
        done = here("labels", "import", *asked, "-s", study)
        assert done.status == 1 and done.says_one_clear_line(), done.err
    assert labelled(study) == {}
    done = here("labels", "list", "-s", tmp_path / "nowhere")
    assert done.status == 1 and done.says_one_clear_line()
    assert not (tmp_path / "nowhere").exists()


# --- poses


def project(film: Path, folder: Path, frames: list[int]) -> Path:
    """A DeepLabCut project with two animals, each with its left, middle and right labelled."""
    place = folder / "labeled-data" / "cage"
    place.mkdir(parents=True)
    parts = [(animal, part, axis) for animal in ("one", "two")
             for part in ("left", "middle", "right") for axis in "xy"]  # fmt: skip
    lines = [["scorer", "", "", *["kim"] * 12]]
    for k, name in enumerate(("individuals", "bodyparts", "coords")):
        lines.append([name, "", "", *[one[k] for one in parts]])
    for frame in frames:
        values: list[str] = []
        for x, y in positions(FRAMES, 2, *SIZE)[frame]:
            values += [f"{v:.2f}" for v in (x - 7, y, x, y, x + 7, y)]
        lines.append(["labeled-data", "cage", f"img{frame:03d}.png", *values])
    lines[-1][9:] = [""] * 6  # the second animal is not labelled in the last one
    with (place / "CollectedData_kim.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    for one in read_frames_at(probe(film), sorted(frames)):
        Image.fromarray(one.rgb()).save(place / f"img{one.index:03d}.png")
    (folder / "config.yaml").write_text("skeleton:\n- - left\n  - middle\n- - middle\n  - right\n")
    return folder


def test_labelled_poses_become_outlines_on_the_frames_they_are_of(
    study: Path, film: Path, tmp_path: Path
) -> None:
    made = project(film, tmp_path / "dlc", [5, 40, 80, 110])
    done = here("labels", "import", made, "-s", study, "--class", "disc", "--width", 18)
    assert done.status == 0, done.err
    assert "1 frames left out, in which not all 2 animals have a pose" in done.err
    found = labelled(study)
    assert sorted(found) == [5, 40, 80]
    for frame, one in found.items():
        assert one.origin == "pose" and one.corrected
        assert {label.class_name for label in one.labels} == {"disc"}
        best = [max(overlap(label, mask) for label in one.labels) for mask in truth(frame)]
        assert len(one.labels) == 2 and min(best) > 0.6


def test_films_of_one_name_and_with_fewer_animals_get_their_own_poses(
    study: Path, film: Path, tmp_path: Path
) -> None:
    others = []
    for day in ("day1", "day2"):
        (tmp_path / day).mkdir()
        others.append(write_video(tmp_path / day / "0.mp4", 12, 2 if day == "day1" else 1))
    with open_study(study, write=True) as opened:
        # what one is called here is the file of the other
        for name, one in (("first", others[0]), ("0", others[1])):
            add_video(opened, probe(one), name)
    films = tuple({"backend": {"filename": str(one)}} for one in others)
    made = sleap_file(tmp_path / "a.slp", types=(0, 0, 0), films=films, of=(0, 1))
    wish = Wish(posing=Posing("disc", 6.0, False))
    done = import_labels(study, made, wish, author="kim")
    assert done.frames == {"first": 1} and sorted(labelled(study, "first")) == [4]
    assert any("0 is left out whole: if fewer animals" in note for note in done.notes)
    alone = import_labels(study, made, replace(wish, video="0"), author="kim")
    assert alone.frames == {"0": 1} and sorted(labelled(study, "0")) == [9]
    (tmp_path / "one").mkdir()
    folder = images(others[1], tmp_path / "one" / "frames", {"0_frame000003": 3})
    assert import_labels(study, folder, Wish(), author="kim").frames == {"0": 1}


def test_so_many_poses_are_taken_spread_over_the_film(
    study: Path, film: Path, tmp_path: Path
) -> None:
    made = project(film, tmp_path / "dlc", [*range(0, 100, 10), 110])
    wish = Wish(posing=Posing(width_px=18.0, refine=False, count=2))
    done = import_labels(study, made, wish, author="kim")
    assert done.frames == {"cage": 2}
    assert sorted(labelled(study)) == [20, 70]
    with open_study(study) as opened:
        one = frame_labels(opened, 1, 20)
    assert one is not None and one.author == "kim"


def test_poses_that_a_network_predicted_wait_for_a_person(study: Path, tmp_path: Path) -> None:
    predicted = sleap_file(tmp_path / "a.slp", types=(1, 1, 1))
    done = here("labels", "import", predicted, "-s", study, "--width", 6, "--no-refine")
    assert done.status == 0, done.err
    assert "frames have predicted poses" in done.err and "wait for a person" in done.err
    found = labelled(study)
    assert [(frame, one.origin, one.corrected) for frame, one in found.items()] == [
        (4, "network:sleap", False)
    ]
    assert here("labels", "undo", "-s", study).status == 0
    words = ("-s", study, "--width", 6, "--no-refine", "--proofread")
    done = here("labels", "import", predicted, *words)
    assert done.status == 0 and "wait for a person" not in done.err
    assert labelled(study)[4].origin == "pose"
    assert here("labels", "undo", "-s", study).status == 0
    placed = sleap_file(tmp_path / "b.slp", types=(0, 0, 0))
    done = here("labels", "import", placed, "-s", study, "--width", 6, "--no-refine")
    assert done.status == 0 and labelled(study)[4].origin == "pose"


def test_poses_of_a_film_cannot_become_a_recording_and_that_film_is_named(
    study: Path, tmp_path: Path
) -> None:
    poses = sleap_file(tmp_path / "b.slp", types=(0, 0, 0))
    done = here("labels", "import", poses, "-s", study, "--as-video", "stills")
    assert done.status == 1 and done.says_one_clear_line()
    assert "are of frames of cage.mp4" in done.err and "--video instead of --as-video" in done.err


# --- the same on the page Label


def import_fields() -> None:
    """The panel of the page, and what it would do by now."""
    from pathlib import Path

    import streamlit as st

    from app.views.label_files import _wish, import_panel

    import_panel(Path(), [], 0)
    st.session_state.wish = _wish()


def test_the_page_can_keep_pictures_as_a_recording_and_take_predicted_poses_as_seen() -> None:
    page = AppTest.from_function(import_fields, default_timeout=60).run()
    assert not page.exception and page.session_state.wish == Wish()
    page.selectbox(key="labels_video").select("A recording of their own").run()
    page.text_input(key="labels_own").input("stills").run()
    page.number_input(key="labels_count").set_value(20).run()
    page.checkbox(key="labels_proofread").check().run()
    page.checkbox(key="labels_check").uncheck().run()
    posing = Posing(count=20)
    wanted = Wish(as_video="stills", posing=posing, proofread=True, check=False)
    assert not page.exception and page.session_state.wish == wanted


def test_the_page_offers_to_take_back_what_this_person_brought_in_last(
    study: Path, film: Path, tmp_path: Path
) -> None:
    assert last_batch(study, "kim") is None
    for name, frame in (("one", 5), ("two", 9)):
        folder = images(film, tmp_path / name, {f"cage_{frame}": frame})
        import_labels(study, folder, Wish(force=True), author="kim")
    draw(study, (50,))  # one frame by hand is no import: the editor takes that back
    assert last_batch(study, "lee") is None
    assert last_batch(study, "kim") == ("cage", "1 frame by import:labelme")
    assert step(study, "cage", None, "kim") == "1 frame by import:labelme"
    assert sorted(labelled(study)) == [5, 50]
    step(study, "cage", None, "kim")
    assert last_batch(study, "kim") is None and sorted(labelled(study)) == [50]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (_which(["a.png"], None), "A recording of their own"),
        (UNSEEN, "“Somebody has looked at the predicted poses” under More"),
        ("after: say --video cage 2 --first 1.", "choose cage 2, with 1 as the number"),
        ("0 is left out whole: import it alone, by --video my cage", "choose my cage and import"),
        ("another video? --no-check brings the images in", "“Compare pictures” under More"),
        ("give another name, or --video stills where the", "or choose stills where the"),
        ("the recording stills already: --video stills.", "already: choose stills."),
        ("and name it by --video instead of --as-video.", "choose it instead of “A recording of"),
    ],
)
def test_the_page_says_what_to_do_in_its_own_words(told: str, shown: str) -> None:
    assert "--" in told and shown in on_page(told) and "--" not in on_page(told)
