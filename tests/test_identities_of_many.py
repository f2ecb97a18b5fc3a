"""Hundreds of animals that met keep a number each."""

import numpy as np

from tracking.following.exchanges import Exchange
from tracking.identities.fragments import Stretches, fragments_of
from tracking.identities.solution import Moment, solve


def test_three_hundred_animals_that_all_met_are_three_hundred_animals():
    n, frames = 300, 1000
    alone = Stretches(n)
    alone.add(0, np.ones((frames, n), bool))
    exchanges = [Exchange(10 + k, 12 + k, k, k + 1, 3.0) for k in range(n - 1)]
    fragments, crossings = fragments_of(exchanges, alone, frames)
    moments = [Moment(one.frame, one) for one in exchanges]
    nothing = np.zeros((len(fragments), n))
    found = solve(fragments, crossings, moments, nothing, alone)
    assert (np.sort(found.animals, axis=1) == np.arange(n)).all()
