"""Outlines of animals of clearly different shade are divided by gray level once that is known."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from slot_worlds import seen

from tracking.following.exchanges import Exchange
from tracking.following.slots import read_slots, slots_file, write_slots
from tracking.identities.crops import HEIGHT, WIDTH, CropPlan, Crops, Sightings
from tracking.identities.dividing import divide_again, labelled
from tracking.identities.fragments import Fragment, fragments_of
from tracking.identities.outlines import outlines_of
from tracking.identities.shades import Shades, overlaps, shades_of, shares, told_by_shade
from tracking.identities.slot_frames import SlotFrames
from tracking.identities.solution import Moment, solve
from tracking.masks import decode
from tracking.pipeline import identify_video
from tracking.segmenting import segment_video
from tracking.subtraction.background import BackgroundSegmenter, BackgroundSettings
from tracking.video import probe

FLOOR, LONG, BROAD = 200, 40, 16
FRAMES, APART, MEET = 90, 20, 45


def crossing_bars(shades, frames=FRAMES, under=(0, 0)):
    """Pictures (F, h, w) of a lying bar that walks over a standing one, and the pixels that are
    seen of each, (F, 2, h, w) bool. ``under``: frames in which the first bar wholly covers the
    second, which is then as it is."""
    random = np.random.default_rng(5)
    pictures = np.full((frames, 160, 240), FLOOR, np.uint8)
    whose = np.zeros((frames, 2, 160, 240), bool)
    for f, x in enumerate(np.linspace(30, 210, frames).astype(int).tolist()):
        boxes = [
            np.s_[80 - BROAD // 2 : 80 + BROAD // 2, x - LONG // 2 : x + LONG // 2],
            np.s_[80 - LONG // 2 : 80 + LONG // 2, 120 - BROAD // 2 : 120 + BROAD // 2],
        ]
        if under[0] <= f < under[1]:
            boxes[1] = np.s_[80 - 6 : 80 + 6, x - 15 : x + 15]
        for animal in (1, 0):
            shape = pictures[f][boxes[animal]].shape
            pictures[f][boxes[animal]] = shades[animal] + random.normal(0, 5, shape)
            whose[f, animal][boxes[animal]] = True
        whose[f, 1] &= ~whose[f, 0]
    return pictures, whose


def filmed(pictures, folder):
    """The film of some pictures with its settings; its shards are in the folder."""
    height, width = pictures.shape[1:]
    with av.open(str(folder / "film.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "12", "preset": "ultrafast"}
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    info = probe(folder / "film.mp4")
    settings = BackgroundSettings(
        threshold=40, min_area_px=100, max_area_px=3000, typical_area_px=LONG * BROAD,
        typical_length_px=LONG * 1.15, open_px=0,
    )  # fmt: skip
    background = np.full((height, width), FLOOR, np.uint8)
    plan = CropPlan.of(info, [settings.typical_area_px], settings.typical_length_px)
    segment_video(info, BackgroundSegmenter(background, settings), folder, plan=plan)
    return info, settings


@pytest.fixture(scope="module")
def crossed(tmp_path_factory):
    """The film of two bars of different shade, and which pixels are whose."""
    folder = tmp_path_factory.mktemp("crossed")
    pictures, whose = crossing_bars((40, 110))
    return *filmed(pictures, folder), folder, whose


def right_share(tables, whose, frames):
    """The share of the pixels of two animals in some frames that are given to the right one."""
    masks = pq.read_table(tables.masks[0]).to_pandas()
    masks = masks[masks["frame"].isin(frames)]
    right = total = 0
    for row in masks.itertuples():
        pixels = np.zeros(whose.shape[2:], bool)
        mask = decode(row.rle, row.height, row.width) > 0
        pixels[row.y0 : row.y0 + row.height, row.x0 : row.x0 + row.width] = mask
        right += (pixels & whose[row.frame, row.animal_id - 1]).sum()
        total += (pixels & whose[row.frame].any(0)).sum()
    return right / total


def test_a_bar_that_lies_across_another_keeps_its_own_pixels_in_every_frame(crossed):
    info, settings, folder, whose = crossed
    together = range(33, 57)
    by_shape = identify_video(info, 2, settings, folder)
    assert "frames_divided_by_shade" not in by_shape.identified  # nobody looked at the picture
    shape_alone = right_share(by_shape, whose, together)
    tables = identify_video(info, 2, settings, folder, method="descriptors")
    assert tables.identified["frames_divided_by_shade"] >= len(together)
    assert right_share(tables, whose, together) > 0.97 > 0.93 > shape_alone
    for frame in together:
        assert right_share(tables, whose, [frame]) > 0.93


def test_dividing_once_more_is_the_same_every_time(crossed):
    info, settings, folder, _ = crossed
    written = []
    for _ in range(2):
        tables = identify_video(info, 2, settings, folder, method="descriptors")
        paths = [*tables.tracks, *tables.masks, *tables.keypoints]
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]


def test_outlines_of_animals_of_one_shade_stay_as_they_are(tmp_path):
    pictures, _ = crossing_bars((60, 64))
    info, settings = filmed(pictures, tmp_path)
    identify_video(info, 2, settings, tmp_path)
    before = read_slots(slots_file(tmp_path, 0))
    tables = identify_video(info, 2, settings, tmp_path, method="descriptors")
    assert tables.identified["frames_divided_by_shade"] == 0
    after = read_slots(slots_file(tmp_path, 0))
    assert before.split_masks == after.split_masks and len(before.split_masks) > 20
    assert np.array_equal(before.shapes, after.shapes, equal_nan=True)


def known(info, folder):
    """The crossing of the bars, its solution and shades: both in their own slots throughout."""
    one = Exchange(33, 57, 0, 1, 3.0)
    pieces, crossings = fragments_of([one], seen((FRAMES, 2)), FRAMES)
    looks = np.zeros((len(pieces), 2))
    solution = solve(pieces, crossings, [Moment(57, one)], looks, seen((FRAMES, 2)))
    sightings = Sightings()
    sightings.note(folder, read_slots(slots_file(folder, 0)))
    return crossings, solution, shades_of(pieces, crossings, solution, sightings)


def test_who_was_missed_in_anothers_outline_is_found_there(crossed):
    info, settings, folder, whose = crossed
    identify_video(info, 2, settings, folder)
    tracked = read_slots(slots_file(folder, 0))
    crossings, solution, shades = known(info, folder)
    assert shades[0].animals == (0, 1)
    for slot in (0, 1):  # as if the first had the whole outline, and the other were gone
        tracked.split_masks.pop((MEET, slot))
    rows = read_rows(info, folder, MEET)
    assert len(rows) == 1
    tracked.rows[MEET], tracked.detected[MEET] = (rows[0], -1), (True, False)
    tracked.boxes[MEET, 0] = SlotFrames(info, folder).shard(MEET).boxes[rows[0]]
    write_slots(slots_file(folder, 0), tracked)
    assert divide_again(info, folder, (), crossings, solution, shades) >= 20
    slots = SlotFrames(info, folder)
    (outline,) = outlines_of(slots, MEET, (0, 1))
    for slot in (0, 1):
        found = outline.place(slots.mask(MEET, slot))
        true = outline.cut(whose[MEET, slot])
        assert (found & true).sum() > 0.9 * true.sum()
        x, y = slots.at(MEET)[0].shapes[MEET, slot, :2]
        ys, xs = np.nonzero(whose[MEET, slot])
        assert (x, y) == pytest.approx((xs.mean(), ys.mean()), abs=1.5)


def read_rows(info, folder, frame):
    """The detections of one frame."""
    return np.flatnonzero(SlotFrames(info, folder).shard(frame).frame == frame).tolist()


def test_outlines_of_single_animals_that_were_taken_for_one_another_change_hands(crossed):
    info, settings, folder, _ = crossed
    identify_video(info, 2, settings, folder)
    tracked = read_slots(slots_file(folder, 0))
    own = tracked.rows[APART].tolist()
    assert min(own) >= 0
    crossings, solution, shades = known(info, folder)
    for name in ("rows", "shapes", "boxes"):
        value = getattr(tracked, name)
        value[APART] = value[APART, ::-1].copy()
    write_slots(slots_file(folder, 0), tracked)
    longer = replace(crossings[0], start=APART)
    divide_again(info, folder, (), [longer], solution, shades)
    assert read_slots(slots_file(folder, 0)).rows[APART].tolist() == own


@pytest.mark.parametrize("sure, told", [(0.6, True), (1.0, False)])
def test_a_moment_apart_in_which_nobody_is_sure_is_told_by_shade(crossed, sure, told):
    info, settings, folder, _ = crossed
    identify_video(info, 2, settings, folder)
    tracked = read_slots(slots_file(folder, 0))
    crossings, solution, shades = known(info, folder)
    after = int(np.flatnonzero((tracked.rows[MEET:] >= 0).all(1))[0]) + MEET
    crossings = [replace(crossings[0], stop=after)]
    own = tracked.rows[after].tolist()
    for name in ("rows", "shapes", "boxes"):
        value = getattr(tracked, name)
        value[after] = value[after, ::-1].copy()
    write_slots(slots_file(folder, 0), tracked)
    moment = [Fragment(0, 0, after, after + 1), Fragment(1, 1, after, after + 1)]
    doubted = replace(solution, probability=np.full(len(solution.probability), sure, np.float32))
    divide_again(info, folder, moment, crossings, doubted, shades)
    assert (read_slots(slots_file(folder, 0)).rows[after].tolist() == own) == told


def test_an_animal_wholly_under_another_keeps_the_part_it_was_given(tmp_path):
    pictures, whose = crossing_bars((40, 110), under=(40, 50))
    info, settings = filmed(pictures, tmp_path)
    assert not whose[40:50, 1].any()
    tables = identify_video(info, 2, settings, tmp_path, method="descriptors")
    tracks = pq.read_table(tables.tracks[0]).to_pandas()
    hidden = tracks[tracks["frame"].between(40, 49)]
    assert hidden["detected"].mean() > 0.9


def test_every_pixel_goes_to_whom_those_around_it_look_like_and_the_rim_to_its_neighbours():
    random = np.random.default_rng(1)
    true = np.full((60, 80), -1)
    true[10:50, 10:40], true[10:50, 40:70] = 0, 1
    gray = np.choose(true + 1, (FLOOR, 50, 120)) + random.normal(0, 15, true.shape)
    gray[10:50, [10, 69]] = gray[[10, 49], 10:70] = 125  # half floor: as bright as the second
    levels = np.array([random.normal(m, 15, 20_000) for m in (50, 120)]).clip(0, 255).astype(int)
    counts = np.array([np.bincount(one, minlength=256) for one in levels])
    shades = Shades((0, 1), np.log(shares(counts) + 1e-4), np.array([1200.0, 1200.0]), 25.0)
    found = labelled(gray.astype(np.uint8), (true >= 0).view(np.uint8), shades)
    assert (found == true)[true >= 0].mean() > 0.97
    assert (found[true < 0] == -1).all()
    assert (found[10:50, 10] == 0).all()


class Shown(Sightings):
    """Pictures without files: each is filled with one gray level."""

    def __init__(self, levels):
        super().__init__()
        self._levels = levels  # {(frame, slot): level}

    def table(self):
        rows = [(0, k, frame, slot) for k, (frame, slot) in enumerate(self._levels)]
        return np.array(rows, np.int32).reshape(-1, 4)

    def crops(self, which):
        levels = np.array(list(self._levels.values()))[np.sort(which)]
        images = np.zeros((len(levels), HEIGHT, WIDTH), np.uint8)
        images[:, 8:24, 10:54] = levels[:, None, None]
        numbers = np.tile(np.float32([0, 0, 600, 40, 15, 200]), (len(levels), 1))
        frames = np.zeros(len(levels), np.int32)
        return Crops(frames, np.arange(len(levels), dtype=np.int32), numbers, images)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((40, 110), (44, 104), True),
        ((40, 46), (40, 46), False),  # alike
        ((40, 110), (110, 40), False),  # whoever left looks like the other one
        ((40, 110), (0, 0), True),  # never alone again
        ((40, 0), (44, 0), False),  # the second was never alone
    ],
)
def test_shades_are_told_of_animals_that_differ_clearly_and_stay_as_they_are(before, after, told):
    one = Exchange(40, 60, 0, 1, 3.0)
    alone = seen((100, 2))
    pieces, crossings = fragments_of([one], alone, 100)
    solution = solve(pieces, crossings, [Moment(60, one)], np.zeros((len(pieces), 2)), alone)
    sure = replace(solution, probability=np.ones(len(pieces), np.float32))
    levels = {
        (frame, slot): (before, after)[frame >= 60][slot]
        for frame in [*range(0, 40, 3), *range(60, 100, 3)]
        for slot in (0, 1)
    }
    shown = Shown({key: level for key, level in levels.items() if level})
    found = shades_of(pieces, crossings, sure, shown)
    assert list(found) == ([0] if told else [])
    if told:
        assert found[0].areas.tolist() == [600, 600] and found[0].width == 15
        assert found[0].log[0].argmax() < found[0].log[1].argmax()
    unsure = replace(solution, probability=np.full(len(pieces), 0.5, np.float32))
    assert not shades_of(pieces, crossings, unsure, shown)


@pytest.mark.parametrize(
    ("levels", "between", "told"),
    [
        ((40, 110), (110, 40), True),
        ((40, 110), (75, 75), False),  # like neither
        ((40, 110), (0, 0), False),  # no picture of it
        ((40, 46), (46, 40), False),  # alike
    ],
)
def test_gray_levels_say_who_was_apart_for_a_moment_where_looks_say_nothing(levels, between, told):
    pair = [Exchange(40, 50, 0, 1, 2.0), Exchange(56, 70, 0, 1, -2.0)]
    alone = seen((110, 2))
    pieces, crossings = fragments_of(pair, alone, 110)
    assert [(p.slot, p.start) for p in pieces] == [
        (0, 0),
        (1, 0),
        (0, 50),
        (1, 50),
        (0, 70),
        (1, 70),
    ]
    # columns of looks need not be in the order of the animals
    looks = np.array([[-4, 0], [0, -4], [0, 0], [0, 0], [0, -4], [-4, 0]], np.float64)
    moments = [Moment(x.frame, x) for x in pair]
    first = solve(pieces, crossings, moments, looks, alone)
    assert first.animal_of.tolist() == [0, 1, 0, 1, 1, 0]  # they left both as odds say
    seen_as = {f: between if 50 <= f < 56 else (levels, levels[::-1])[f >= 70]
               for f in [*range(0, 40, 3), 51, 54, *range(70, 110, 3)]}  # fmt: skip
    shown = Shown({(f, slot): two[slot] for f, two in seen_as.items() for slot in (0, 1) if two[0]})
    found = told_by_shade(pieces, first, shown, looks)
    if not told:
        assert found is looks
        return
    assert (np.flatnonzero((found != looks).any(1)) == [2, 3]).all()
    again = solve(pieces, crossings, moments, found, alone)
    assert again.animal_of.tolist() == [0, 1, 1, 0, 1, 0]
    assert again.probability.min() > 0.9


def test_what_gray_levels_have_in_common_is_between_nothing_and_all():
    dark, bright = np.zeros((2, 256))
    dark[30:50], bright[100:140] = 5, 9
    both = np.array([dark, bright])
    assert overlaps(both, both) == pytest.approx(np.eye(2), abs=1e-6)
    half = np.array([dark / dark.sum() + bright / bright.sum()])
    assert overlaps(both, half)[:, 0] == pytest.approx([0.5, 0.5], abs=1e-6)
