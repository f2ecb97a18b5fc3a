"""Contacts that leave it open who is who are looked into again, picture by picture."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from slot_worlds import seen

from tracking.following.exchanges import Exchange
from tracking.identities import contacts
from tracking.identities.carrying import Carried, carry
from tracking.identities.contacts import looked_into
from tracking.identities.fragments import fragments_of
from tracking.identities.leaving import told_of
from tracking.identities.permutations import Chain, History, Joint, all_states
from tracking.identities.solution import Moment, Told, solve
from tracking.pipeline import identify_video
from tracking.segmenting import segment_video
from tracking.subtraction.background import BackgroundSegmenter, BackgroundSettings
from tracking.video import probe

SIDE, FLOOR = 20, 200
THREE = [Exchange(10, 40, 0, 1, 0.5), Exchange(12, 40, 0, 2, 1.0), Exchange(15, 42, 1, 2, 0.2)]


def passing(n_frames):
    """Two furry squares that pass along each other, touching: pictures (F, h, w), and whose each
    pixel is (F, h, w): 1 the upper one's, 2 the lower one's."""
    random = np.random.default_rng(3)
    coats = random.integers(20, 70, (2, SIDE, SIDE)).astype(np.uint8)
    pictures = np.full((n_frames, 200, 240), FLOOR, np.uint8)
    whose = np.zeros_like(pictures)
    for f, x in enumerate(np.linspace(60, 160, n_frames).astype(int).tolist()):
        for number, (top, left) in enumerate(((80, x), (80 + SIDE, 220 - x))):
            here = np.s_[f, top : top + SIDE, left : left + SIDE]
            pictures[here], whose[here] = coats[number], number + 1
    return pictures, whose


@pytest.mark.parametrize("exchanged", [False, True])
def test_pixels_that_are_carried_through_a_contact_say_who_left_it_as_whom(exchanged):
    pictures, whose = passing(41)
    named = whose.copy()
    if exchanged:  # the slots took one for the other after half the way
        named[21:][whose[21:] > 0] = 3 - whose[21:][whose[21:] > 0]
    found = carry(list(pictures), list(named), 2)
    share = found.overlap / found.overlap.sum(1, keepdims=True)
    itself = [share[0, int(exchanged)], share[1, 1 - int(exchanged)]]
    assert min(itself) > 0.8
    assert found.entered[0].tolist() == [[SIDE**2, 0], [0, SIDE**2]]
    assert not found.entered[21:].any() and not found.leaving[:21].any()


def lying(n_frames, changes):
    """Three animals that change slots at some frames, as pixels in common would show it."""
    who, half = np.arange(3), n_frames // 2
    rows = []
    for f in range(n_frames):
        if f in changes:
            a, b = changes[f]
            who[[a, b]] = who[[b, a]]
        rows.append(100.0 * (who[None] == np.arange(3)[:, None]))
    lies = np.array(rows)
    by_exit = lies[:, who]  # the animal that leaves in each slot
    shown = np.arange(n_frames)[:, None, None]
    return Carried(lies[-1], np.where(shown <= half, lies, 0), np.where(shown > half, by_exit, 0))


def test_three_that_left_in_each_others_places_are_found_at_once_and_when():
    seen_so = lying(50, {8: (0, 1), 30: (1, 2)})
    told = told_of([Moment(x.frame, x) for x in THREE], (0, 1, 2), 5, seen_so)
    likeliest = told.exchanged[np.argmax(told.chance)]
    assert likeliest.tolist() == [True, False, True]
    assert told.chance.sum() == pytest.approx(1) and told.chance.max() > 0.8
    assert told.moments[0].frame == 13 and told.moments[2].frame == 35
    assert len(told.chance) == 6  # every way once


def test_pictures_that_show_nothing_leave_the_order_of_what_was_known():
    nothing = Carried(np.ones((3, 3)), np.zeros((50, 3, 3)), np.zeros((50, 3, 3)))
    told = told_of([Moment(x.frame, x) for x in THREE], (0, 1, 2), 5, nothing)
    assert not told.exchanged[np.argmax(told.chance)].any()
    assert told.chance.max() < 0.6


def test_where_some_parted_meanwhile_every_history_stays_possible_and_none_is_moved():
    moments = [Moment(x.frame, x) for x in THREE]
    seen_so = lying(50, {8: (0, 1), 30: (1, 2)})
    told = told_of(moments, (0, 1, 2), 5, seen_so, parted=True)
    assert told.moments == tuple(moments) and len(told.chance) == 8
    whole = told_of(moments, (0, 1, 2), 5, seen_so)
    likeliest = whole.exchanged[np.argmax(whole.chance)]
    assert told.chance.sum() == pytest.approx(1)
    assert (told.exchanged[np.argmax(told.chance)] == likeliest).all()


def chain(joint=()):
    odds = np.array([x.log_odds for x in THREE])
    pairs = np.array([(x.a, x.b) for x in THREE])
    return Chain(
        3, pairs, -np.logaddexp(0, -odds), -np.logaddexp(0, odds), np.full(3, -1),
        np.full((3, 2), -1), np.zeros((0, 3)), joint,
    )  # fmt: skip


def test_exchanges_that_do_not_hang_together_are_told_as_well_by_histories():
    made = np.array(list(product((False, True), repeat=3)))
    once = 1 / (1 + np.exp([x.log_odds for x in THREE]))
    chance = np.where(made, once, 1 - once).prod(1)
    plain, whole = (
        History(chain(joint), np.arange(3)[None])
        for joint in ((), (Joint((0, 1, 2), made, chance),))
    )
    counts = [
        np.bincount(h.draw(4000).exchanged.T @ (1, 2, 4), minlength=8) for h in (plain, whole)
    ]
    assert np.abs(counts[0] - counts[1]).max() < 4000 * 0.04
    assert plain.best == pytest.approx(whole.best)
    assert (plain.likeliest().exchanged == whole.likeliest().exchanged).all()


def test_only_the_histories_that_are_told_can_be_and_as_often_as_told():
    made = np.array([[0, 0, 0], [1, 0, 1], [0, 1, 1]], bool)
    one = Joint((0, 1, 2), made, np.array([0.2, 0.7, 0.1]))
    history = History(chain((one,)), all_states(3)[:1])
    drawn = history.draw(5000).exchanged.T
    shares = [(drawn == row).all(1).mean() for row in made]
    assert shares == pytest.approx([0.2, 0.7, 0.1], abs=0.03)
    assert sum(shares) == pytest.approx(1)
    assert history.likeliest().exchanged[:, 0].tolist() == [True, False, True]


@pytest.mark.parametrize("seed", range(5))
def test_no_way_into_a_contact_is_lost_when_it_is_over(seed):
    random = np.random.default_rng(seed)
    pairs = np.array([(0, 1), (0, 1), (1, 2), (0, 2)])
    odds, looks = random.normal(0, 1, 4), random.normal(0, 2, (11, 3))
    made = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
    chance = random.dirichlet(np.ones(5))
    told = Chain(
        3, pairs, -np.logaddexp(0, -odds), -np.logaddexp(0, odds), np.arange(3),
        np.arange(3, 11).reshape(4, 2), looks, (Joint((1, 2, 3), made, chance),),
    )  # fmt: skip
    every = {}
    for start, first, (number, row) in product(all_states(3), (False, True), enumerate(made)):
        who, log = start.astype(int), np.log(chance[number])
        log += (told.exchanged if first else told.kept)[0] + looks[np.arange(3), who].sum()
        for k, swap in enumerate((first, *row)):
            if swap:
                who[pairs[k]] = who[pairs[k][::-1]]
            log += looks[told.after[k], who[pairs[k]]].sum()
        every[(*start, first, *row)] = log
    history = History(told, all_states(3))
    found = history.likeliest()
    assert (*found.start[0], *found.exchanged[:, 0]) == max(every, key=every.__getitem__)
    drawn = history.draw(20_000)
    share = (drawn.start[:, 0] == 0).mean()
    total = np.exp(np.array(list(every.values())))
    assert share == pytest.approx(total[[k[0] == 0 for k in every]].sum() / total.sum(), abs=0.02)


def test_more_contacts_at_once_than_there_are_marks_for_are_told_as_far_as_marks_go():
    pairs = [(2 * k, 2 * k + 1) for k in range(25) for _ in range(3)]
    steps = [(k, 25 + k, 50 + k) for k in range(25)]  # all begin before the first is over
    order = [3 * k + part for part in range(3) for k in range(25)]
    both = np.array([[1, 1, 0], [0, 1, 1]], bool)
    known = np.full(75, np.log(0.5))
    all_at_once = Chain(
        50, np.array(pairs)[order], known, known, np.full(50, -1), np.full((75, 2), -1),
        np.zeros((0, 50)), tuple(Joint(three, both, np.array([0.5, 0.5])) for three in steps),
    )  # fmt: skip
    made = History(all_at_once, np.arange(50)[None]).draw(200).exchanged
    told = [(made[list(three)].sum(0) == 2).all() and made[three[1]].all() for three in steps]
    assert told == [True] * 20 + [False] * 5


def test_what_is_told_of_a_whole_contact_decides_who_is_who_after_it():
    alone = seen((100, 3))
    fragments, crossings = fragments_of(THREE, alone, 100)
    moments = [Moment(30 + k, x) for k, x in enumerate(THREE)]
    made = np.array([[0, 0, 0], [1, 0, 1]], bool)
    told = Told(tuple(replace(m, frame=m.frame - 10) for m in moments), made, np.array([0.1, 0.9]))
    looks = np.zeros((len(fragments), 3))
    solution = solve(fragments, crossings, moments, looks, alone, [told])
    assert solution.animals[-1].tolist() == [1, 2, 0]
    assert [m.frame for m in solution.moments] == [20, 21, 22]
    assert solution.left_as_said[0] == pytest.approx(0.9, abs=0.03)


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    """The film of two that pass along each other, and its shards."""
    folder = tmp_path_factory.mktemp("passing")
    pictures, _ = passing(90)
    with av.open(str(folder / "film.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30))
        stream.width, stream.height, stream.pix_fmt = 240, 200, "yuv420p"
        stream.options = {"crf": "10", "preset": "ultrafast"}
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    info = probe(folder / "film.mp4")
    settings = BackgroundSettings(
        threshold=60, min_area_px=100, max_area_px=2000, typical_area_px=SIDE**2,
        typical_length_px=SIDE * 1.15, open_px=0,
    )  # fmt: skip
    background = np.full((200, 240), FLOOR, np.uint8)
    segment_video(info, BackgroundSegmenter(background, settings), folder)
    return info, settings, folder


def test_a_contact_that_leaves_it_open_is_looked_into_and_the_picture_decides(passed):
    info, settings, folder = passed
    tables = identify_video(info, 2, settings, folder, method="descriptors")
    assert tables.identified["contacts_looked_into"] == 1
    again = identify_video(info, 2, settings, folder, method="descriptors")
    for name in ("tracks", "crossings"):
        before, after = ([p.read_bytes() for p in getattr(t, name)] for t in (tables, again))
        assert before == after
    crossed = pq.read_table(tables.crossings[0]).to_pydict()
    assert crossed["probability"][0] > 0.9
    blind = identify_video(info, 2, settings, folder)
    assert "contacts_looked_into" not in blind.identified
    known = pq.read_table(blind.crossings[0]).to_pydict()
    assert known["probability"][0] < crossed["probability"][0]


def test_a_contact_that_leaves_nothing_open_is_not_looked_into(passed):
    info, _, folder = passed
    one = Exchange(30, 60, 0, 1, 6.0)
    pieces, crossings = fragments_of([one], seen((90, 2)), 90)
    sure = np.array([contacts.SURE])
    assert looked_into(info, folder, pieces, crossings, sure, [Moment(60, one)]) == []
