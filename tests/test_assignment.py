"""One global decision per frame about who is in which blob."""

import numpy as np

from tracking.following.assignment import Prediction, assign


def predict(places, missing_for=None, length=40.0, area=500.0):
    n = len(places)
    return Prediction(
        np.array(places, float), length, np.full(n, area),
        np.array(missing_for if missing_for is not None else [1] * n), np.full(n, 10.0),
        np.array(missing_for if missing_for is not None else [1] * n) > 12,
    )  # fmt: skip


def decide(prediction, centres, areas):
    centres = np.array(centres, float).reshape(-1, 2)
    way = np.linalg.norm(prediction.places[:, None] - centres[None], axis=2)
    way = np.where(np.isnan(way), 1e6, way)
    return assign(prediction, np.array(areas, float), way).tolist()


def test_the_total_way_decides_and_not_the_nearest_for_each():
    # the first animal is nearest to blob 0, but then the second would have to go far
    assert decide(predict([(20, 0), (0, 0)]), [(10, 0), (45, 0)], [500, 500]) == [1, 0]


def test_two_animals_share_a_blob_that_is_large_enough():
    assert decide(predict([(0, 0), (30, 0)]), [(15, 0)], [950]) == [0, 0]


def test_a_blob_of_one_animal_and_another_beside_it_are_not_shared():
    assert decide(predict([(0, 0), (30, 0)]), [(2, 0), (33, 0)], [500, 480]) == [0, 1]


def test_an_animal_without_a_blob_is_missing_and_not_pushed_far_away():
    assert decide(predict([(0, 0), (200, 0)]), [(3, 0)], [500]) == [0, -1]


def test_a_lost_animal_is_found_at_any_place_but_not_inside_another():
    prediction = predict([(0, 0), (200, 0)], missing_for=[1, 30])
    assert decide(prediction, [(3, 0), (20, 300)], [500, 480]) == [0, 1]
    assert decide(prediction, [(3, 0)], [980]) == [0, -1]
    assert decide(prediction, [(3, 0), (20, 300)], [500, 40]) == [0, -1]


def test_a_blob_that_nobody_explains_takes_an_animal_never_seen():
    prediction = predict([(0, 0), (np.nan, np.nan)], missing_for=[1, 0])
    assert decide(prediction, [(2, 0), (150, 90)], [500, 450]) == [0, 1]


def test_an_animal_never_seen_does_not_hide_in_a_shared_blob_or_in_a_speck():
    prediction = predict([(0, 0), (np.nan, np.nan)], missing_for=[1, 0])
    assert decide(prediction, [(2, 0)], [650]) == [0, -1]
    assert decide(prediction, [(2, 0), (90, 0)], [500, 40]) == [0, -1]


def test_a_blob_twice_as_large_as_one_animal_shows_one_more_for_the_first_time():
    prediction = predict([(0, 0), (np.nan, np.nan)], missing_for=[1, 0])
    assert decide(prediction, [(2, 0)], [980]) == [0, 0]
    nobody = predict([(np.nan, np.nan)] * 3, missing_for=[0, 0, 0])
    assert sorted(decide(nobody, [(2, 0), (90, 0)], [980, 500])) == [0, 0, 1]


def test_no_blob_at_all_means_everybody_is_missing():
    assert decide(predict([(0, 0), (9, 9)]), np.empty((0, 2)), []) == [-1, -1]


def test_nobody_is_hidden_from_afar_where_an_outline_shows_one_animal():
    alone = [(0, 0)], [535]
    assert decide(predict([(0, 0), (8, 0)]), *alone) == [0, 0]  # one lies on the other
    assert decide(predict([(0, 0), (45, 0)]), *alone) == [0, -1]  # it was not found
    # and where it comes back in part it is found there, not among the others
    assert decide(predict([(0, 0), (45, 0)]), [(0, 0), (52, 0)], [535, 90]) == [0, 1]
