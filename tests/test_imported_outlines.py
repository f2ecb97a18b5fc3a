"""Outlines of other programs become masks of the study, and come back from it to the pixel."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pycocotools import mask as coco_mask
from round_trips import Recording
from terminal import here

from storage.label_masks import decode, encode, tight
from storage.readers import read_file
from storage.runs import Run, active_run, ingest_run
from storage.study import StudyError, open_study
from storage.tracks import read_masks, read_tracks
from storage.videos import add_video
from tracking.detections import SHAPE, shape_of

WIDTH, HEIGHT, N = 420, 330, 8
NAMES = ("anna", "bob", "cleo")
GAPS = {("bob", 2), ("bob", 3), ("anna", 5), ("bob", 5), ("cleo", 5), ("cleo", 7)}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def drawn(name: str, frame: int) -> np.ndarray:
    """(HEIGHT, WIDTH) uint8: a ring with a hole, two parts, and one larger than 65535 px."""
    full = np.zeros((HEIGHT, WIDTH), np.uint8)
    if (name, frame) in GAPS:
        return full
    if name == "anna":  # a ring, over the left edge at first
        cv2.circle(full, (12 + 9 * frame, 60 + frame), 20, 1, -1)
        cv2.circle(full, (12 + 9 * frame, 60 + frame), 7, 0, -1)
    elif name == "bob":  # two parts behind a rope, which touch by a corner in frame 0
        full[20:30, 300 + frame : 330 + frame] = 1
        full[30 + 2 * frame : 44 + 2 * frame, 330 + frame : 350 + frame] = 1
    else:  # fills its box in frame 0, with one run of 70000 px; a single pixel in frame 6
        full[60:310, 110:390] = 1
        full[60 : 60 + frame, 110] = 0
        if frame == 6:
            full[:] = 0
            full[HEIGHT - 1, WIDTH - 1] = 1
    return full


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with one tracked video of three animals."""
    folder = tmp_path_factory.mktemp("outlines")
    info = Recording(Path("clip.mp4"), N, Fraction(30000, 1001), WIDTH, HEIGHT)
    tracks, masks = [], []
    for frame in range(N):
        for k, name in enumerate(NAMES, start=1):
            full = drawn(name, frame)
            part = tight(full)
            shape = dict(zip(SHAPE, shape_of(full), strict=True)) if part else {}
            tracks.append(
                {"frame": frame, "time_s": info.time_s[frame], "animal_id": k,
                 "x_px": shape.get("x"), "y_px": shape.get("y"), "heading_deg": None,
                 "length_px": shape.get("length"), "width_px": shape.get("width"),
                 "area_px": shape.get("area"), "detected": bool(part),
                 "identity_confidence": 1.0}
            )  # fmt: skip
            if part:
                inside, x0, y0 = part
                height, width = inside.shape
                masks.append({"frame": frame, "animal_id": k, "x0": x0, "y0": y0, "width": width,
                              "height": height, "rle": encode(inside)})  # fmt: skip
    files = {"tracks": tracks, "masks": masks}
    for kind, rows in files.items():
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{kind}.parquet")
    run = Run("run1", "background", 3, {}, {}, {}, NOW, NOW)
    with open_study(folder / "s", create=True) as opened:
        video = add_video(opened, info)
        ingest_run(opened, video.video_id, run, [folder / "tracks.parquet"],
                   [folder / "masks.parquet"], [], NAMES)  # fmt: skip
    return folder / "s"


def done(*arguments: object) -> str:
    ended = here(*arguments)
    assert ended.status == 0, ended.err
    return ended.err


def pixels(study: Path) -> dict[tuple[str, int], np.ndarray]:
    """The whole picture of every outline that the study has, by animal and frame."""
    found = {}
    with open_study(study) as opened:
        for row in read_masks(opened, 1).to_pylist():
            full = np.zeros((HEIGHT, WIDTH), np.uint8)
            inside = decode(row["rle"], row["height"], row["width"])
            full[row["y0"] :, row["x0"] :][: row["height"], : row["width"]] = inside
            found[row["name"], row["frame"]] = full
    return found


def true_pixels() -> dict[tuple[str, int], np.ndarray]:
    return {(name, frame): drawn(name, frame) for name in NAMES for frame in range(N)
            if (name, frame) not in GAPS}  # fmt: skip


def same(found: dict[tuple[str, int], np.ndarray]) -> None:
    wanted = true_pixels()
    assert set(found) == set(wanted)
    assert not [key for key, full in wanted.items() if not np.array_equal(found[key], full)]


def measured(study: Path) -> pd.DataFrame:
    with open_study(study) as opened:
        table = read_tracks(opened, 1).to_pandas()
    return table[["frame", "name", "x_px", "y_px", "length_px", "width_px", "area_px", "detected"]]


def test_masks_go_out_as_coco_and_come_back_to_the_pixel_with_all_they_measure(source, tmp_path):
    same(pixels(source))
    coco, study = tmp_path / "clip.json", tmp_path / "s"
    done("export", "tracks", "-s", source, "-o", coco, "--format", "coco")
    said = done("import", coco, "-s", study)
    assert f"and {3 * N - len(GAPS)} outlines, seen in" in said
    same(pixels(study))
    pd.testing.assert_frame_equal(measured(study), measured(source), rtol=1e-6)
    with open_study(study) as opened:
        (video,) = opened.rows("SELECT width, height, n_frames, fps_num, fps_den FROM videos")
        run = active_run(opened, 1)
    assert video == (WIDTH, HEIGHT, N, 30000, 1001)
    assert run is not None and run.settings["length"].startswith("the long axis of the ellipse")
    for kind, one in (("masks.parquet", source), ("again.parquet", study)):
        done("export", "masks", "-s", one, "-o", tmp_path / kind)
    first, again = (pd.read_parquet(tmp_path / one) for one in ("masks.parquet", "again.parquet"))
    pd.testing.assert_frame_equal(again, first)
    assert here("doctor", "-s", study).status == 0
    done("export", "tracks", "-s", study, "-o", tmp_path / "third.json", "--format", "coco")
    a, b = (json.loads(one.read_text())["annotations"] for one in (coco, tmp_path / "third.json"))
    keys = ("image_id", "track_id", "segmentation", "area", "bbox")
    assert [[one[key] for key in keys] for one in a] == [[one[key] for key in keys] for one in b]


def with_tracks(folder: Path, annotations: list[dict], size: bool = True) -> Path:
    """A COCO file as another program writes it: two frames, tracks of mice."""
    sides = {"width": 60, "height": 40} if size else {}
    images = [{"id": n, "file_name": f"clip_{n:05d}.jpg", **sides} for n in (0, 1)]
    rows = [{"id": k, "category_id": 1, "iscrowd": 0, **one} for k, one in enumerate(annotations)]
    path = folder / "tracks.json"
    kinds = [{"id": 1, "name": "mouse"}]
    path.write_text(json.dumps({"images": images, "annotations": rows, "categories": kinds}))
    return path


def test_polygons_of_several_parts_are_one_outline_and_a_box_is_none(tmp_path):
    parts = [[10, 5, 14, 5, 14, 8, 10, 8], [20, 5, 22, 5, 22, 8, 20, 8], [1, 1, 2, 2]]
    outside = [[50, 30, 70, 30, 70, 50, 50, 50]]
    rows = [
        {"image_id": 0, "track_id": 1, "bbox": [10, 5, 12, 3], "segmentation": parts},
        {"image_id": 1, "track_id": 1, "bbox": [10, 5, 12, 3],
         "segmentation": [[10, 5, 22, 5, 22, 8, 10, 8]]},
        {"image_id": 1, "attributes": {"object_id": 2}, "bbox": [50, 30, 10, 10],
         "segmentation": outside},
    ]  # fmt: skip
    poses = read_file(with_tracks(tmp_path, rows))
    found = poses.outlines
    assert found is not None and found.frame.tolist() == [0, 1] and found.animal.tolist() == [0, 1]
    assert found.box.tolist() == [[10, 5, 12, 3], [50, 30, 10, 10]]
    wanted = np.zeros((3, 12), np.uint8)
    wanted[:, :4] = wanted[:, 10:] = 1
    assert np.array_equal(decode(found.rle[0], 3, 12), wanted)
    assert poses.whole["area_px"][0, 0] == 18 and np.isnan(poses.whole["area_px"][1, 0])
    # 12 px around column 11.5 and 6 around 20.5; the middle of the box where there is no outline
    assert poses.xy[0, 0, 0].tolist() == [14.5, 6] and poses.xy[1, 0, 0].tolist() == [16, 6.5]
    assert any("1 of 3 annotations have none" in note for note in poses.notes)


def test_annolids_run_lengths_are_outlines(tmp_path):
    lines = ["frame_number,x1,y1,x2,y2,cx,cy,instance_name,class_score,segmentation,tracking_id"]
    for name, frame in true_pixels():
        coded = coco_mask.encode(np.asfortranarray(drawn(name, frame)))
        x, y, width, height = coco_mask.toBbox(coded).tolist()
        ends = f"{x},{y},{x + width},{y + height},{x + width / 2},{y + height / 2}"
        lines.append(f'{frame},{ends},{name},0.9,"{coded}",0')
    file = tmp_path / "clip_tracking.csv"
    file.write_text("\n".join(lines) + "\n")
    done("import", file, "-s", tmp_path / "s", "--fps", "25")
    same(pixels(tmp_path / "s"))


def test_outlines_of_doubtful_annotations_go_with_them(tmp_path):
    square = [[10, 5, 14, 5, 14, 8, 12, 9]]
    rows = [{"image_id": n, "track_id": 7, "bbox": [10, 5, 4, 4], "segmentation": square,
             "score": score} for n, score in ((0, 0.9), (1, 0.2))]  # fmt: skip
    path = with_tracks(tmp_path, rows)
    done("import", path, "-s", tmp_path / "s", "--fps", "25", "--min-confidence", "0.5")
    with open_study(tmp_path / "s") as opened:
        assert read_masks(opened, 1)["frame"].to_pylist() == [0]
        tracks = read_tracks(opened, 1).to_pylist()
    assert [row["detected"] for row in tracks] == [True, False]
    assert tracks[1]["area_px"] is None


def test_outlines_of_pictures_of_another_size_are_refused(shared_data, tmp_path):
    run = {"size": [40, 61], "counts": [0, 1, 40 * 61 - 1]}
    row = {"image_id": 0, "track_id": 1, "bbox": [0, 0, 1, 1], "segmentation": run}
    with pytest.raises(StudyError, match="of a picture of 61 x 40 px, and its image has 60 x 40"):
        read_file(with_tracks(tmp_path, [row]))
    row["segmentation"] = [[0, 0, 9, 0, 9, 5]]
    clip = shared_data / "video/flies2_courtship/clip.mp4"
    ended = here("import", with_tracks(tmp_path, [row]), "-s", tmp_path / "s", "--video", clip)
    assert ended.status == 1 and "is of pictures of 60 x 40 px and the video has" in ended.err
    assert ended.err.count("\n") == 1
