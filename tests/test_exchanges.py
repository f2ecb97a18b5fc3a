"""Where two animals may have been exchanged is told with odds."""

import numpy as np
from test_tracker import frames_of, line, tracker
from tracked_scenes import chunk_of

from tracking.following.exchanges import Contacts, detours


def test_a_contact_of_two_is_one_exchange_from_its_first_frame_to_the_first_apart(tmp_path):
    paths = [line((60, 100), (260, 130), 70), line((260, 114), (60, 144), 70)]
    tracked = tracker(2).track(chunk_of(frames_of(*paths), tmp_path))
    shared = np.flatnonzero((tracked.rows == -2).any(1))
    (exchange,) = tracked.exchanges
    assert (exchange.a, exchange.b) == (0, 1)
    assert (exchange.start, exchange.frame) == (shared[0], shared[-1] + 1)
    assert 0 <= exchange.log_odds < 12


def test_animals_that_never_come_near_are_never_exchanged(tmp_path):
    paths = [line((40, 40 + 70 * k), (260, 50 + 60 * k), 80) for k in range(3)]
    assert tracker(3).track(chunk_of(frames_of(*paths), tmp_path)).exchanges == []


def test_a_contact_that_lasts_to_the_end_of_the_video_ends_with_it(tmp_path):
    paths = [line((60, 100), (150, 100), 40), line((260, 100), (152, 104), 40)]
    whole = tracker(2, np.arange(40) / 25).track(chunk_of(frames_of(*paths), tmp_path))
    assert [e.frame for e in whole.exchanges] == [40]


def test_a_contact_over_a_border_of_chunks_is_told_once_where_it_ends(tmp_path):
    paths = [line((60, 100), (260, 130), 70), line((260, 114), (60, 144), 70)]
    frames = frames_of(*paths)
    whole = tracker(2).track(chunk_of(frames, tmp_path)).exchanges
    (tmp_path / "b").mkdir()
    divided = tracker(2)
    first = divided.track(chunk_of(frames[:35], tmp_path / "b"))
    second = divided.track(chunk_of(frames[35:], tmp_path / "b", 35))
    assert first.exchanges == []
    assert [(e.start, e.frame) for e in second.exchanges] == [(e.start, e.frame) for e in whole]


def test_three_in_one_outline_are_three_pairs():
    contacts = Contacts(3, 0.04)
    detour = np.full((3, 3), 0.1)
    nobody = np.full(3, 8)
    assert contacts.step(7, np.array([0, 0, 0]), detour, nobody) == []
    ended = contacts.step(8, np.array([0, 1, 2]), np.full((3, 3), np.inf), nobody)
    assert [(e.start, e.frame, e.a, e.b) for e in ended] == [
        (7, 8, 0, 1), (7, 8, 0, 2), (7, 8, 1, 2),
    ]  # fmt: skip


def test_the_longer_and_the_closer_a_contact_the_less_sure_it_is_who_leaves_it():
    def odds(detour, frames):
        contacts = Contacts(2, 0.04)
        for f in range(frames):
            contacts.step(f, np.array([0, 0]), np.full((2, 2), detour), np.full(2, f))
        (exchange,) = contacts.step(frames, np.array([0, 1]), np.full((2, 2), 9.0), np.zeros(2))
        return exchange.log_odds

    assert odds(0.0, 5) < odds(0.3, 5) < odds(1.0, 5) < 12
    assert odds(0.3, 250) < odds(0.3, 5)
    assert odds(0.0, 2500) == 0.0


def test_an_exchange_names_the_frame_in_which_it_would_have_cost_least():
    contacts = Contacts(2, 0.04)
    for f, detour in enumerate([1.0, 0.6, 0.2, 0.5, 1.1]):
        contacts.step(f, np.array([0, 0]), np.full((2, 2), detour), np.full(2, f))
    (exchange,) = contacts.apart(5)
    assert exchange.weakest == 2


def test_the_detour_of_an_exchange_is_what_both_would_have_gone_further():
    expected = np.array([[0.0, 0.0], [10.0, 0.0], [np.nan, np.nan]])
    found = np.array([[1.0, 0.0], [9.0, 0.0], [50.0, 0.0]])
    way = detours(expected, found)
    assert way[0, 1] == way[1, 0] == 16  # kept: 1 + 1; exchanged: 9 + 9
    assert np.isinf(way[2]).all() and np.isinf(np.diagonal(way)).all()
