"""Who is who over a whole video: most likely, by its probability, and honestly."""

import numpy as np
import pytest
from slot_worlds import judged, seen, told, world

from tracking.following.exchanges import Exchange
from tracking.identities.absences import Absence, absences, lost_exchanges, wanted
from tracking.identities.confidence import row_confidence
from tracking.identities.fragments import Stretches, crossings_of, fragments_of
from tracking.identities.permutations import thinned
from tracking.identities.solution import Moment, linked, solve

SURE = 0.99


def honesty(worlds):
    """Share right of the rows called 0.99 and more, how many these are, and mean confidence less
    the share right of all rows."""
    told_all = [judged(one, one.solved()) for one in worlds]
    right = np.concatenate([right.ravel() for right, _ in told_all])
    sure = np.concatenate([sure.ravel() for _, sure in told_all])
    return right[sure >= SURE].mean(), (sure >= SURE).mean(), sure.mean() - right.mean()


def test_slots_are_cut_where_they_may_have_been_exchanged_and_only_there():
    exchanges = [Exchange(10, 20, 0, 1, 1.0), Exchange(30, 30, 1, 2, 2.0)]
    fragments, crossings = fragments_of(exchanges, seen((50, 4)), 50)
    assert [(f.slot, f.start, f.stop) for f in fragments] == [
        (0, 0, 10), (1, 0, 10), (2, 0, 30), (3, 0, 50), (0, 20, 50), (1, 20, 30), (1, 30, 50),
        (2, 30, 50),
    ]  # fmt: skip
    assert [f.number for f in fragments] == list(range(8))
    assert [(c.start, c.stop, c.slots) for c in crossings] == [(10, 20, (0, 1)), (30, 31, (1, 2))]


def test_a_fragment_begins_and_ends_with_the_animal_alone_in_its_outline():
    alone = Stretches(1)
    here = np.zeros((30, 1), bool)
    here[[4, 5, 9], 0] = True
    alone.add(0, here[:5])
    alone.add(5, here[5:])
    assert alone.runs == [[(4, 6), (9, 10)]]
    (only,), _ = fragments_of([], alone, 30)
    assert (only.start, only.stop) == (4, 10)
    assert alone.before(0, np.array([0, 4, 5, 6, 9, 10, 30])).tolist() == [0, 0, 1, 2, 2, 3, 3]


def test_exchanges_that_overlap_and_share_a_slot_are_one_crossing():
    exchanges = [
        Exchange(10, 30, 0, 1, 1.0), Exchange(12, 14, 3, 4, 1.0), Exchange(25, 40, 1, 2, 1.0),
        Exchange(60, 70, 0, 1, 1.0),
    ]  # fmt: skip
    found = crossings_of(exchanges)
    assert [(c.start, c.stop, c.slots) for c in found] == [
        (10, 40, (0, 1, 2)), (12, 14, (3, 4)), (60, 70, (0, 1)),
    ]  # fmt: skip


def test_without_appearance_everybody_keeps_the_number_of_the_first_slot():
    one = world(1, 4, 30)
    solution = one.solved()
    assert (solution.animals == np.arange(4)).all()
    assert np.isnan(solution.margin).all()


def test_a_coin_flip_in_the_middle_leaves_one_half_sure_and_the_other_not():
    coin = Exchange(300, 310, 0, 1, 0.0)
    one = told({coin: False}, 2, 1000, np.zeros(2), np.random.default_rng(0))
    _, sure = judged(one, one.solved())
    # the longer part is who the number means; the shorter one is it or is not
    assert sure[:300].max() == pytest.approx(0.5, abs=0.05)
    assert sure[310:].min() > 0.999


@pytest.mark.parametrize(("n", "meetings", "unlike", "worlds"), [
    (3, 12, 0.0, 250), (3, 12, 1.0, 100), (5, 40, 0.7, 40), (12, 40, 1.0, 6),
])  # fmt: skip
def test_of_rows_called_sure_nearly_all_are_right_and_the_mean_is_as_good_as_said(
    n, meetings, unlike, worlds
):
    right, _, humble = honesty(
        world(100 + seed, n, meetings, unlike, odds=(0.0, 6.0)) for seed in range(worlds)
    )
    assert right >= 0.985
    assert abs(humble) < 0.03


def test_five_animals_stay_known_through_four_hundred_crossings_by_their_looks():
    one = world(7, 5, 400, unlike=4.0, odds=(0.0, 3.0))
    assert len(one.looks) > 750
    right, sure = judged(one, one.solved())
    assert right.mean() > 0.97
    assert (sure >= SURE).mean() > 0.8
    blind = world(7, 5, 400, unlike=0.0, odds=(0.0, 3.0))
    right, sure = judged(blind, blind.solved())
    assert right.mean() < 0.6 and sure.mean() < 0.6


def test_pairs_that_never_meet_are_solved_each_by_itself():
    exchanges = [Exchange(40 + k, 50 + k, 2 * k, 2 * k + 1, 0.0) for k in range(5)]
    assert linked(20, exchanges)[:3] == [[0, 1], [2, 3], [4, 5]]
    assert linked(20, exchanges)[-1] == [19]
    swaps = {one: k % 2 == 0 for k, one in enumerate(exchanges)}
    one = told(swaps, 20, 200, np.tile([0.0, 9.0], 10), np.random.default_rng(0))
    # told by their group only: looks of the others do not count
    solution = one.solved()
    assert solution.sure[:, 10:].min() == 1.0
    assert (solution.animals[:, 10:] == np.arange(10, 20)).all()


@pytest.mark.parametrize("n", [5, 12])
def test_a_group_that_was_gone_and_comes_back_in_other_slots_is_known_by_its_looks(n):
    random = np.random.default_rng(3)
    pairs = [Exchange(100, 150, a, b, 0.0) for a in range(n) for b in range(a + 1, n)]
    swaps = {one: bool(random.random() < 0.5) for one in pairs}
    one = told(swaps, n, 400, np.zeros(n), random)
    fragments, _ = fragments_of(pairs, seen(one.truth.shape), 400)
    for k, piece in enumerate(fragments):
        one.looks[k, one.truth[piece.start, piece.slot]] = 8.0
    assert (one.truth[0] != one.truth[-1]).sum() > n / 2
    right, sure = judged(one, one.solved())
    assert right.all()
    assert sure.min() > 0.95


def test_an_animal_that_comes_late_is_told_from_one_that_comes_back():
    # slot 1 is lost at 100; what comes at 200 took slot 2, which nobody had before
    lost = Exchange(100, 200, 1, 2, 0.0)
    alone = Stretches(3)
    here = np.ones((400, 3), bool)
    here[100:300, 1] = here[:200, 2] = False
    alone.add(0, here)
    fragments, crossings = fragments_of([lost], alone, 400)
    assert [(f.slot, f.start, f.stop) for f in fragments] == [
        (0, 0, 400), (1, 0, 100), (2, 200, 400), (1, 300, 400),
    ]  # fmt: skip
    looks = np.zeros((4, 3))
    looks[1, 2] = looks[2, 2] = looks[3, 1] = 8.0
    solution = solve(fragments, crossings, [Moment(200, lost)], looks, alone)
    assert solution.animal_of.tolist() == [0, 1, 1, 2]
    assert solution.probability.min() > 0.99


def test_within_a_crossing_nobody_is_surer_than_on_either_side_of_it():
    one = world(5, 3, 20)
    solution = one.solved()
    rows = row_confidence(solution, 0, len(one.truth))
    for k, moment in enumerate(solution.moments):
        x = moment.exchange
        for slot in (x.a, x.b):
            limit = min(rows[x.start - 1, slot], rows[x.frame, slot])
            assert (rows[x.start : x.frame, slot] <= limit + 1e-6).all(), k
    assert (row_confidence(solution, 40, 90) == rows[40:90]).all()


def test_the_same_world_is_solved_in_the_same_way():
    one, again = world(9, 12, 30, 1.0).solved(), world(9, 12, 30, 1.0).solved()
    assert (one.animals == again.animals).all() and (one.sure == again.sure).all()


def test_thinning_keeps_every_weight_in_the_mean():
    weight = np.log(np.random.default_rng(0).exponential(1.0, 60) ** 2)
    total = np.zeros(60)
    for seed in range(400):
        chosen, new = thinned(weight, 20, np.random.default_rng(seed))
        assert len(chosen) in (19, 20, 21)
        total[chosen] += np.exp(new) / 400
    fair = np.exp(weight - weight.max())
    assert np.abs(total - fair).max() < 0.06


def gone_together(places, fps=25.0, groups=(0, 0)):
    """Exchanges of slot 0, unseen in frames 10 to 60, and 1, in 20 to 50; bodies of 10 px."""
    alone = Stretches(2)
    here = np.ones((100, 2), bool)
    here[10:60, 0] = here[20:50, 1] = False
    alone.add(0, here)
    known = {key: np.array(place, float) for key, place in places.items()}
    found = absences(alone, 100, fps)
    assert {(frame, slot) for slot, frame in known} == wanted(found)
    return lost_exchanges(found, np.array(groups), lambda *at: known[at], fps, 10.0)


def test_two_that_were_out_of_sight_together_may_come_back_as_each_other():
    near = {(0, 9): (0, 0), (0, 60): (5, 0), (1, 19): (40, 0), (1, 50): (45, 0)}
    (one,) = gone_together(near)
    assert (one.start, one.frame, one.a, one.b) == (20, 50, 0, 1)
    assert one.log_odds > 3
    across = {(0, 9): (0, 0), (0, 60): (40, 0), (1, 19): (40, 0), (1, 50): (5, 0)}
    assert gone_together(across)[0].log_odds < -2
    same = dict.fromkeys(near, (50, 50))
    assert gone_together(same)[0].log_odds == pytest.approx(0, abs=0.3)


def test_those_that_live_apart_or_were_gone_for_a_moment_are_nobody_else():
    near = {(0, 9): (0, 0), (0, 60): (5, 0), (1, 19): (40, 0), (1, 50): (45, 0)}
    assert gone_together(near, groups=(0, 1)) == []
    alone = Stretches(2)
    here = np.ones((100, 2), bool)
    here[10:20] = False
    alone.add(0, here)
    found = absences(alone, 100, 25.0)
    assert lost_exchanges(found, np.zeros(2), lambda *at: np.zeros(2), 25.0, 10.0) == []


def test_those_who_hide_often_are_compared_with_those_gone_meanwhile_and_with_nobody_else():
    # 2 arenas of 3: in each, the slots are gone in turn, and 1 and 2 together once
    gone = [
        Absence(3 * arena + slot, 100 * turn + 30 * slot, 100 * turn + 30 * slot + 20)
        for arena in range(2) for slot in range(3) for turn in range(1, 400)
    ]  # fmt: skip
    gone += [Absence(1, 60_000, 60_030), Absence(2, 60_010, 60_050)]
    asked = []

    def place(slot, frame):
        asked.append((slot, frame))
        return np.zeros(2)

    (one,) = lost_exchanges(gone, np.array([0, 0, 0, 1, 1, 1]), place, 25.0, 10.0)
    assert (one.a, one.b, one.start, one.frame) == (1, 2, 60_010, 60_030)
    assert len(asked) < 20
