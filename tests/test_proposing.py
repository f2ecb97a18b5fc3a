"""Frames are proposed that show something new, and rare situations are among them."""

from functools import cache

import numpy as np
import pytest

from tracking.errors import TrackingError
from tracking.networks.labelling.proposing import (
    Candidate,
    Shares,
    candidate_frames,
    look_of,
    propose,
)

FPS = 25
RARE = (700, 1450)  # a lamp is lit for 20 frames; somebody stands on hind legs: a larger blob
DIFFERENT = Shares(different=1, doubtful=0, contact=0)


@cache
def frame(f, quiet=False):
    """Two animals: one sleeps in a corner, one walks on a small round for most of the film."""
    image = np.full((240, 320), 150, np.float32)
    image[20:60, 20:68] = 40
    turn = 0.0 if quiet else f / 40
    x, y = int(180 + 40 * np.cos(turn)), int(140 + 30 * np.sin(turn))
    image[y - 16 : y + 16, x - 24 : x + 24] = 40
    if 700 <= f < 720:
        image[120:, 200:] += 60  # a lamp
    if 1450 <= f < 1470:
        image[160:220, 40:120] = 230  # something white that is seen only then
    noise = np.random.default_rng(f).normal(0, 2, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def candidates(frames, video="a.mp4", **more):
    return [Candidate(video, f, f / FPS, look_of(frame(f)), **more) for f in frames]


def test_rare_situations_are_proposed_though_they_are_one_frame_in_a_hundred():
    film = candidates(range(0, 2000, 10))
    chosen = [one.frame for one in propose(film, 6, shares=DIFFERENT)]
    for start in RARE:
        assert sum(start <= f < start + 20 for f in chosen) == 1
    # six frames spread evenly show neither
    spread = range(0, 2000, 400)
    assert not any(start <= f < start + 20 for f in spread for start in RARE)


def test_no_two_proposals_are_nearly_equal():
    still = [
        Candidate("a.mp4", f, f / FPS, look_of(frame(f, quiet=True))) for f in range(0, 600, 5)
    ]
    assert len(propose(still, 20)) == 1  # nothing but noise differs
    moving = candidates(range(0, 600, 2))
    frames = sorted(one.frame for one in propose(moving, 20))
    assert min(np.diff(frames)) >= 0.5 * FPS


def test_what_is_labelled_already_is_not_proposed_again():
    film = candidates(range(0, 2000, 10))
    first = propose(film, 6, shares=DIFFERENT)
    known = [c for c in film if c.frame in {one.frame for one in first}]
    again = propose(film, 6, labelled=known, shares=DIFFERENT)
    for start in RARE:
        assert not any(start <= one.frame < start + 20 for one in again)
    assert not {one.frame for one in first} & {one.frame for one in again}


def test_the_most_doubtful_frames_come_with_their_reason_spread_over_time():
    doubtful = {200: 0.9, 210: 0.88, 220: 0.87, 1200: 0.6, 1700: 0.3}
    film = [
        Candidate(c.video, c.frame, c.time_s, c.look, doubt=doubtful.get(c.frame, 0.0),
                  why="2 outlines of 3 animals" if c.frame in doubtful else "")
        for c in candidates(range(0, 2000, 10))
    ]  # fmt: skip
    chosen = propose(film, 3, shares=Shares(different=0, doubtful=1, contact=0))
    assert [one.frame for one in chosen][:2] == [200, 1200]
    assert {one.reason for one in chosen} == {"doubtful"}
    assert chosen[0].why == "2 outlines of 3 animals" and chosen[0].score == 0.9


def test_each_reason_gets_its_share_from_the_first_proposals_on():
    film = [
        Candidate(c.video, c.frame, c.time_s, c.look, doubt=0.5 * (c.frame % 300 == 0),
                  contact=c.frame % 230 == 0)
        for c in candidates(range(0, 2000, 10))
    ]  # fmt: skip
    chosen = propose(film, 8)
    reasons = [one.reason for one in chosen]
    assert [reasons.count(r) for r in ("different", "doubtful", "contact")] == [4, 2, 2]
    assert sorted(reasons[:4]) == ["contact", "different", "different", "doubtful"]
    assert [one.frame for one in propose(film, 4)] == [one.frame for one in chosen[:4]]


def test_where_nobody_is_in_contact_the_other_reasons_fill_up():
    reasons = {one.reason for one in propose(candidates(range(0, 2000, 10)), 8)}
    assert reasons == {"different"}
    assert len(propose(candidates(range(0, 2000, 10)), 8)) == 8


def test_every_video_is_among_the_first_proposals():
    film = [c for name in ("a.mp4", "b.mp4", "c.mp4") for c in candidates(range(0, 600, 10), name)]
    chosen = propose(film, 6, shares=DIFFERENT)
    assert {one.video for one in chosen[:4]} == {"a.mp4", "b.mp4", "c.mp4"}


def test_the_order_of_candidates_does_not_matter():
    film = candidates(range(0, 1000, 10))
    assert propose(film, 10) == propose(film[::-1], 10)


def test_light_alone_counts_less_than_an_animal_elsewhere():
    one, other = frame(0).astype(float), frame(60).astype(float)
    brighter = look_of(np.clip(one * 1.05, 0, 255).astype(np.uint8))
    same, moved = look_of(one.astype(np.uint8)), look_of(other.astype(np.uint8))
    assert np.linalg.norm(brighter - same) < 0.5 * np.linalg.norm(moved - same)


def test_candidates_are_spread_over_the_film_on_keyframes_where_there_are_any():
    assert candidate_frames(1000, 4) == [125, 375, 625, 875]
    assert candidate_frames(1000, 4, np.array([0, 240, 260, 900])) == [0, 260, 625, 900]
    assert candidate_frames(3, 10) == [0, 1, 2]
    assert candidate_frames(0, 10) == []


def test_a_choice_that_cannot_be_is_refused_in_a_line():
    with pytest.raises(TrackingError, match="0 frames cannot be proposed"):
        propose(candidates([0, 10]), 0)
    with pytest.raises(TrackingError, match="looks of different sizes"):
        propose([*candidates([0]), Candidate("a.mp4", 50, 2.0, np.zeros(3, np.float32))], 1)
    assert propose([], 3) == []
