"""Labels in the files of LabelMe, COCO and YOLO: read, written and read again to the pixel."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage import label_coco, label_labelme, label_yolo
from storage.errors import StudyError
from storage.label_coco import pack, unpack
from storage.label_files import (
    LabelFile,
    LabelledPicture,
    detect,
    number_of,
    place_of,
    read_label_file,
)
from storage.label_masks import (
    as_one_ring,
    circle,
    decode,
    encode,
    fill,
    outlines,
    rasterise,
    run_lengths,
    signed_area,
)
from storage.labels import Label, label_of
from storage.plain_yaml import read_yaml
from tracking import masks as tracking_masks

W, H = 40, 30


def blob(seed: int, height: int = 14, width: int = 17) -> np.ndarray:
    """A ragged mask with holes and parts that touch at corners."""
    return (np.random.default_rng(seed).random((height, width)) < 0.6).astype(np.uint8)


def ring_with_island() -> np.ndarray:
    """A frame of 8 x 8, 1 px thick, and one pixel in the middle of its hole."""
    mask = np.zeros((8, 8), np.uint8)
    mask[[0, -1]] = mask[:, [0, -1]] = 1
    mask[4, 4] = 1
    return mask


def l_shape() -> np.ndarray:
    mask = np.zeros((6, 6), np.uint8)
    mask[:, :2] = mask[4:] = 1
    return mask


def two_parts() -> np.ndarray:
    mask = np.zeros((5, 9), np.uint8)
    mask[:, :3] = mask[1:4, 6:] = 1
    return mask


# --- pixels


def test_a_pixel_belongs_to_a_polygon_when_its_centre_does() -> None:
    triangle = np.array([[0, 0], [4, 0], [0, 4]])
    assert fill(triangle, 5, 5).tolist() == [
        [1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert fill(np.array([[0.5, 0.5], [2.5, 0.5], [2.5, 2.5], [0.5, 2.5]]), 4, 4).sum() == 4
    assert fill(np.array([[0.6, 0.6], [2.4, 0.6], [2.4, 2.4], [0.6, 2.4]]), 4, 4).sum() == 1


def test_polygons_side_by_side_neither_overlap_nor_leave_a_gap() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        (x0, y0), (x1, y1) = rng.uniform(0, 20, (2, 2))
        left = np.array([[0, 0], [x0, 0], [x0, y0], [x1, y1], [x1, 20], [0, 20]])
        right = np.array([[20, 0], [x0, 0], [x0, y0], [x1, y1], [x1, 20], [20, 20]])
        assert (fill(left, 20, 20) + fill(right, 20, 20) == 1).all()


def test_what_lies_outside_of_the_picture_is_cut_off() -> None:
    assert fill(np.array([[-9, -9], [3, -9], [3, 2], [-9, 2]]), 5, 5).sum() == 6
    assert fill(np.array([[7, 7], [9, 7], [9, 9]]), 5, 5).sum() == 0


def test_several_polygons_are_one_animal_and_holes_are_left_out() -> None:
    one = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
    other, hole = one + np.array([2, 0]), np.array([[1, 1], [2, 1], [2, 2], [1, 2]])
    assert rasterise([one, other], 8, 8).sum() == 24
    assert rasterise([one, other], 8, 8, [hole]).sum() == 23


def test_a_circle_covers_its_area() -> None:
    assert fill(circle(50, 50, 30), 100, 100).sum() == pytest.approx(np.pi * 900, rel=0.005)


@pytest.mark.parametrize("seed", range(40))
def test_an_outline_is_its_mask_again(seed: int) -> None:
    mask = blob(seed)
    again = np.zeros_like(mask)
    for ring, holes in outlines(mask):
        part = rasterise([ring], *mask.shape[::-1], holes)
        assert not (again & part).any()
        again |= part
    assert np.array_equal(again, mask)
    joined = as_one_ring(outlines(mask))
    assert np.array_equal(fill(joined, *mask.shape[::-1]), mask)
    shares = np.round(joined / (1003, 761), 8) * (1003, 761)
    assert np.array_equal(fill(shares, *mask.shape[::-1]), mask)


def test_parts_and_holes_are_found_as_they_are() -> None:
    (frame, [hole]), (island, no_holes) = outlines(ring_with_island())
    assert (signed_area(frame), signed_area(hole), signed_area(island)) == (64, -36, 1)
    assert no_holes == [] and len(frame) == len(hole) == len(island) == 4
    assert len(outlines(two_parts())) == 2 and len(outlines(np.eye(3))) == 3


@pytest.mark.parametrize("mask", [*map(blob, range(5)), np.ones((300, 400)), np.zeros((300, 400))])
def test_run_lengths_are_those_of_the_tracks(mask: np.ndarray) -> None:
    assert encode(mask) == tracking_masks.encode(mask)
    assert np.array_equal(decode(encode(mask), *mask.shape), mask)


# --- files


def frames() -> list[LabelledPicture]:
    """Six frames of one video and one of another: parts, holes, several classes, nobody."""
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (7, H, W), np.uint8)
    found = [
        (
            label_of(l_shape(), "white mouse", None, 3, 4),
            label_of(two_parts(), "mouse", None, 20, 9),
        ),
        (label_of(ring_with_island(), "mouse", None, 30, 20),),
        (),
        (label_of(blob(1), "mouse", None, 0, 0), label_of(blob(2), "mouse", None, 23, 16)),
        (label_of(np.ones((H, W)), "rat"),),
        (label_of(np.ones((1, 1)), "mouse", None, W - 1, H - 1),),
        (label_of(l_shape(), "mouse", None, 9, 9),),
    ]
    numbers = [0, 3, 9, 12, 20, 33, 5]
    videos = ["clip 1"] * 6 + ["b"]
    return [LabelledPicture(*one) for one in zip(videos, numbers, pixels, found, strict=True)]


def written(folder: Path, format: str, pictures: list[LabelledPicture]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if format == "labelme":
        label_labelme.write(folder, pictures)
    elif format == "coco":
        label_coco.write(folder, pictures)
    else:
        label_yolo.write(folder, pictures, ["mouse", "white mouse", "rat"])
    return folder


def by_place(found: LabelFile) -> dict[tuple[str, int], tuple[Label, ...]]:
    places = [place_of(one.name, ["clip 1", "b"]) for one in found.images]
    assert all(places)
    return {place: one.labels for place, one in zip(places, found.images, strict=True) if place}


@pytest.mark.parametrize("format", ["labelme", "coco", "yolo"])
def test_what_is_written_is_read_again_equal(tmp_path: Path, format: str) -> None:
    sent = frames()
    folder = written(tmp_path / "out", format, sent)
    assert detect(folder) == format
    found = read_label_file(folder)
    assert found.format == format and found.notes == ()
    assert by_place(found) == {(one.video, one.frame): one.labels for one in sent}
    pixels = {one.stem: one.pixels for one in sent}
    for image in found.images:
        assert image.picture is not None
        with Image.open(image.picture) as picture:
            assert np.array_equal(np.asarray(picture), pixels[image.picture.stem])
    again = [
        LabelledPicture(one.video, one.frame, one.pixels, by_place(found)[one.video, one.frame])
        for one in sent
    ]
    second = written(tmp_path / "again", format, again)
    assert by_place(read_label_file(second)) == by_place(found)


@pytest.mark.parametrize("format", ["labelme", "coco"])
def test_which_animal_it_is_comes_back(tmp_path: Path, format: str) -> None:
    labels = (label_of(two_parts(), "mouse", 7, 2, 2), label_of(blob(1), "mouse", 2, 20, 10))
    one = LabelledPicture("b", 1, np.zeros((H, W), np.uint8), labels)
    found = read_label_file(written(tmp_path / "out", format, [one]))
    assert found.images[0].labels == labels


def test_yolo_keeps_the_last_fifth_of_every_video_for_validation(tmp_path: Path) -> None:
    folder = written(tmp_path, "yolo", frames())
    assert [one.stem for one in (folder / "images" / "val").iterdir()] == ["clip 1_frame000033"]
    assert [one.stem for one in (folder / "labels" / "val").iterdir()] == ["clip 1_frame000033"]
    names = read_yaml(folder / "data.yaml")["names"]
    assert names == {"0": "mouse", "1": "white mouse", "2": "rat"}


def test_run_lengths_of_coco_go_column_by_column(tmp_path: Path) -> None:
    mask = np.zeros((3, 4), np.uint8)
    mask[1, 1] = mask[2, 1] = mask[0, 2] = 1
    assert run_lengths(mask.T).tolist() == [4, 3, 5]
    coco = coco_file(tmp_path, [{"size": [3, 4], "counts": [4, 3, 5]},
                                {"size": [3, 4], "counts": pack([4, 3, 5])}], (4, 3))  # fmt: skip
    first, second = read_label_file(coco).images[0].labels
    assert first.box == (1, 0, 3, 3) and first.area_px == 3
    assert np.array_equal(first.whole(4, 3), mask) and first.rle == second.rle


def test_packed_run_lengths_are_those_of_pycocotools() -> None:
    # made by pycocotools 2.0.10: mask.encode of rng(0).random((5, 7)) < 0.5, and of a 300 x 200
    # mask with rows 10 to 250 of columns 20 to 23, and one pixel
    mask = np.random.default_rng(0).random((5, 7)) < 0.5
    assert pack(run_lengths(mask.T).tolist()) == PACKED_SMALL
    large = np.zeros((300, 200), np.uint8)
    large[10:250, 20:23] = 1
    large[40, 150] = 1
    counts = run_lengths(large.T).tolist()
    assert pack(counts) == PACKED_LARGE and unpack(PACKED_LARGE) == counts


PACKED_SMALL = "3110001020O0N31M11O"
PACKED_LARGE = "jk5`7l1000bWU1aHQZYO"


def coco_file(folder: Path, segmentations: list, size: tuple[int, int] = (W, H), **more) -> Path:
    annotations = [
        {"id": k, "image_id": 1, "category_id": 9, "segmentation": one, **more}
        for k, one in enumerate(segmentations)
    ]
    image = {"id": 1, "file_name": "a.png", "width": size[0], "height": size[1]}
    record = {"images": [image], "annotations": annotations,
              "categories": [{"id": 9, "name": "fly"}]}  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "labels.json"
    file.write_text(json.dumps(record))
    return file


def test_parts_of_a_coco_animal_are_one_label_and_crowds_are_left_out(tmp_path: Path) -> None:
    squares = [[1, 1, 4, 1, 4, 4, 1, 4], [8, 1, 11, 1, 11, 4, 8, 4]]
    file = coco_file(tmp_path / "a", [squares])
    (label,) = read_label_file(file).images[0].labels
    assert (label.class_name, label.box, label.area_px) == ("fly", (1, 1, 11, 4), 18)
    crowd = read_label_file(coco_file(tmp_path / "b", [squares], iscrowd=1))
    assert crowd.images == () and "1 crowds left out" in crowd.notes[0]


def test_masks_painted_in_cvat_are_animals_though_it_calls_them_crowds(tmp_path: Path) -> None:
    painted = {"size": [H, W], "counts": [W * H - 5, 5]}  # as its brush comes out: not packed
    said = {"iscrowd": 1, "attributes": {"occluded": False}}
    found = read_label_file(coco_file(tmp_path, [painted], **said))
    assert [one.area_px for one in found.images[0].labels] == [5]
    assert found.notes == ("1 masks that CVAT calls crowds are one animal each",)


@pytest.mark.parametrize(
    ("segmentations", "said"),
    [
        ([[], []], ["2 boxes without an outline", "1 images left out in which nothing"]),
        ([[[1, 1, 4, 1, 4, 4]], []], ["1 boxes without an outline", "1 images left out with an"]),
        ([[[1, 1, 1.1, 1, 1, 1.1]]], ["1 outlines that enclose no pixel", "1 images left out in"]),
    ],
)
def test_boxes_of_coco_do_not_say_that_nobody_is_there(
    tmp_path: Path, segmentations: list, said: list[str]
) -> None:
    found = read_label_file(coco_file(tmp_path, segmentations))
    assert found.images == () and len(found.notes) == 2
    assert all(note.startswith(words) for note, words in zip(found.notes, said, strict=True))


TRIANGLE = "0.1 0.1 0.6 0.1 0.6 0.7"


def yolo_folder(folder: Path, settings: str, **lines: str) -> Path:
    """A folder of YOLO with images of 40 x 30 px, named as its lines are."""
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    (folder / "data.yaml").write_text(settings)
    for name, text in lines.items():
        (folder / "labels" / f"{name}.txt").write_text(text)
        Image.new("L", (W, H)).save(folder / "images" / f"{name}.png")
    return folder


def test_boxes_of_yolo_do_not_say_that_nobody_is_there(tmp_path: Path) -> None:
    box = "0 0.5 0.5 0.2 0.2\n"
    made = yolo_folder(
        tmp_path, "names: [mouse]\n", boxes=box * 2, mixed=f"{box}0 {TRIANGLE}\n",
        outlined=f"0 {TRIANGLE}\n", nobody="",
    )  # fmt: skip
    found = read_label_file(made)
    assert [(one.name, len(one.labels)) for one in found.images] == [
        ("nobody.png", 0), ("outlined.png", 1)]  # fmt: skip
    assert [note.split(" left out")[0] for note in found.notes] == [
        "3 boxes without an outline", "1 images", "1 images"]  # fmt: skip


def test_classes_of_yolo_are_called_by_their_numbers(tmp_path: Path) -> None:
    names = "names: {1: mouse, 2: rat}\n"
    found = read_label_file(yolo_folder(tmp_path / "a", names, a=f"1 {TRIANGLE}\n2 {TRIANGLE}\n"))
    assert [one.class_name for one in found.images[0].labels] == ["mouse", "rat"]
    with pytest.raises(StudyError, match="line 1: there is no class 0, data"):
        read_label_file(yolo_folder(tmp_path / "b", names, a=f"0 {TRIANGLE}\n"))
    listed = yolo_folder(tmp_path / "c", "path: .\n", a=f"2 {TRIANGLE}\n")
    (listed / "classes.txt").write_text("mouse\n\nrat\n")
    assert read_label_file(listed).images[0].labels[0].class_name == "rat"


def test_a_folder_of_roboflow_is_read_with_the_names_that_images_had(tmp_path: Path) -> None:
    for part, frame in (("train", 12), ("valid", 40)):
        name = f"clip_frame{frame:06d}_png.rf.0a1b2c3d4e5f60718293a4b5c6d7e8f9"
        for kind, ending in (("images", "jpg"), ("labels", "txt")):
            file = tmp_path / part / kind / f"{name}.{ending}"
            file.parent.mkdir(parents=True)
            file.write_text(f"0 {TRIANGLE}\n") if ending == "txt" else Image.new(
                "L", (W, H)).save(file)  # fmt: skip
    (tmp_path / "README.roboflow.txt").write_text("mice - v1\nThis dataset was exported\n")
    (tmp_path / "data.yaml").write_text("train: ../train/images\nnc: 1\nnames: ['mouse']\n")
    found = read_label_file(tmp_path)
    assert [place_of(one.name, ["clip"]) for one in found.images] == [("clip", 12), ("clip", 40)]
    assert [number_of(one.name) for one in found.images] == [12, 40] and found.notes == ()


def test_poses_of_yolo_are_not_taken_for_outlines(tmp_path: Path) -> None:
    pose = "0 0.5 0.5 0.2 0.2 0.4 0.5 2 0.6 0.5 2\n"
    with pytest.raises(StudyError, match="is of poses \\(kpt_shape\\)"):
        read_label_file(yolo_folder(tmp_path / "a", "kpt_shape: [2, 3]\nnames: [m]\n", a=pose))
    with pytest.raises(StudyError, match="line 1: 2 is no share of width or height"):
        read_label_file(yolo_folder(tmp_path / "b", "names: [m]\n", a=pose))


def test_a_coco_image_without_annotations_is_not_taken_for_empty(tmp_path: Path) -> None:
    found = read_label_file(coco_file(tmp_path, []))
    assert found.images == () and "nobody said that they are empty" in found.notes[0]


def labelme_file(folder: Path, *shapes: dict, **more) -> Path:
    record = {"version": "5.2.0", "imagePath": "img0012.png", "imageWidth": W, "imageHeight": H,
              "shapes": [{"label": "mouse", "group_id": None, **one} for one in shapes],
              **more}  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "img0012.json"
    file.write_text(json.dumps(record))
    return file


def test_every_shape_of_labelme_that_outlines_something_is_read(tmp_path: Path) -> None:
    packed = io.BytesIO()
    Image.fromarray(l_shape().astype(bool)).save(packed, "PNG")
    mask = base64.b64encode(packed.getvalue()).decode()
    file = labelme_file(
        tmp_path / "clip",
        {"shape_type": "polygon", "points": [[1, 1], [5, 1], [5, 4], [1, 4]]},
        {"shape_type": "rectangle", "points": [[20, 10], [10, 20]]},
        {"shape_type": "circle", "points": [[30, 15], [30, 20]]},
        {"shape_type": "mask", "points": [[3, 20], [8, 25]], "mask": mask},
        {"shape_type": "point", "points": [[3, 3]]},
        {"shape_type": "rectangle", "points": [[0, 0], [1, 1]], "group_id": 4, "label": "rat"},
        {"shape_type": "rectangle", "points": [[0, 28], [2, 30]], "group_id": 4, "label": "rat"},
    )  # fmt: skip
    found = read_label_file(file)
    image = found.images[0]
    assert image.name == "clip/img0012.png" and place_of(image.name, ["clip"]) == ("clip", 12)
    assert [one.class_name for one in image.labels] == ["mouse"] * 4 + ["rat"]
    assert [one.box for one in image.labels[:2]] == [(1, 1, 5, 4), (10, 10, 20, 20)]
    assert image.labels[2].area_px == pytest.approx(np.pi * 25, rel=0.05)
    assert image.labels[3].box == (3, 20, 9, 26)
    assert np.array_equal(image.labels[3].mask, l_shape())
    assert image.labels[4].box == (0, 0, 2, 30) and image.labels[4].area_px == 1 + 4
    assert found.notes == ("1 points and lines left out: they outline nothing",)


def test_a_labelme_image_without_shapes_says_that_nobody_is_there(tmp_path: Path) -> None:
    assert read_label_file(labelme_file(tmp_path)).images[0].labels == ()


def test_points_of_labelme_do_not_say_that_nobody_is_there(tmp_path: Path) -> None:
    found = read_label_file(labelme_file(tmp_path, {"shape_type": "point", "points": [[3, 3]]}))
    assert found.images == () and found.notes[1].startswith("1 images left out in which nothing")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("clip_frame000120.png", ("clip", 120)),
        ("clip-12.jpg", ("clip", 12)),
        ("clip.frame7.png", ("clip", 7)),
        ("images/clip_2_000009.png", ("clip_2", 9)),
        ("clip/img0012.png", ("clip", 12)),
        ("labeled-data\\clip\\img012.png", ("clip", 12)),
        ("clip/000034.png", ("clip", 34)),
        ("clip7.png", None),
        ("clip_2.png", ("clip", 2)),
        ("other_000120.png", None),
        ("img0012.png", None),
        ("clip/photo.png", None),
    ],
)
def test_the_name_of_an_image_says_which_frame_it_is_or_nothing(name: str, place) -> None:
    assert place_of(name, ["clip", "clip_2"]) == place


Make = Callable[[Path], Path]


def text_file(name: str, text: str) -> Make:
    def make(folder: Path) -> Path:
        (folder / "labels").mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        Image.new("L", (W, H)).save(folder / "labels" / "a.png")
        return folder if name.startswith("labels/") else folder / name

    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "none.json", "There is no file"),
        (text_file("x.json", "{"), "is no JSON file, or is damaged"),
        (text_file("x.json", "[1]"), "no labels that are known here"),
        (text_file("x.json", '{"images": [], "annotations": []}'), "needs images, annotations and"),
        (lambda f: labelme_file(f, {"shape_type": "polygon", "points": [[1, 2]]}), "three corners"),
        (lambda f: labelme_file(f, {"shape_type": "polygon", "points": "x"}), "points are bad"),
        (lambda f: labelme_file(f, {"shape_type": "cube", "points": [[1, 2]] * 2}), "a 'cube'"),
        (lambda f: labelme_file(f, {"shape_type": "mask", "points": [[0, 0]], "mask": "!"}), "PNG"),
        (lambda f: labelme_file(f, imageWidth=None), "does not say how large"),
        (lambda f: labelme_file(f, imageWidth=10**9), "which cannot be"),
        (lambda f: coco_file(f, [{"size": [H, W], "counts": [5]}]), "do not fill the image"),
        (lambda f: coco_file(f, [{"size": [9, 9], "counts": [81]}]), "another size"),
        (lambda f: coco_file(f, [{"size": [H, W], "counts": "~~"}]), "damaged"),
        (lambda f: coco_file(f, [[[1, 2, 3]]]), "cannot be used"),
        (lambda f: coco_file(f, [[[1] * 6]], image_id=3), "3 is missing"),
        (text_file("labels/a.txt", "0 a b c d e f"), "no line of numbers"),
        (text_file("labels/a.txt", "0 0.1 0.2 0.3"), "three corners or more"),
        (text_file("labels/b.txt", "0 0 0 1 0 1 1"), "There is no image for"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, make: Make, said: str) -> None:
    with pytest.raises(StudyError, match=said) as raised:
        read_label_file(make(tmp_path))
    assert "\n" not in str(raised.value)


def test_settings_of_deeplabcut_and_yolo_are_read_without_a_yaml_reader(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "# Project\nTask: open # field\nscorer: 'A # B'\nidentity:\n\nvideo_sets:\n"
        "  /a b/clip 1.mp4:\n    crop: 0, 640, 0, 480\n  C:\\d\\two.avi:\n"
        "    crop: 0, 1, 0, 1\nbodyparts:\n- snout\n- tail base\nskeleton:\n- - snout\n"
        "  - tail base\n- - a\n  - b\nnames: [mouse, 'white, mouse']\nempty: []\nstart: 0.5\n"
        "kinds: {0: rat, 1: mouse}\n"
    )
    found = read_yaml(file)
    assert found["Task"] == "open" and found["scorer"] == "A # B" and found["identity"] == ""
    assert list(found["video_sets"]) == ["/a b/clip 1.mp4", "C:\\d\\two.avi"]
    assert found["bodyparts"] == ["snout", "tail base"]
    assert found["skeleton"] == [["snout", "tail base"], ["a", "b"]]
    assert found["names"] == ["mouse", "white, mouse"] and found["empty"] == []
    assert found["kinds"] == {"0": "rat", "1": "mouse"} and found["start"] == "0.5"
