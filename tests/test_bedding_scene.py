"""The generated home cage: its truth is exact. That thresholds fail in it: see test_filling."""

import numpy as np
import pytest
from bedding_scene import BODY_NODES, film_bedding

from tracking.video import probe

SECONDS = 4


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "bedding"  # other tests use the same film
    return [film_bedding(11, folder, SECONDS), film_bedding(11, folder, 1, take=1)]


def test_a_film_has_its_frames_its_animals_and_contacts(films):
    film = films[0]
    info = probe(film.video)
    assert (info.n_frames, info.width, info.height) == (100, 640, 480)
    assert film.truth.groupby("frame")["id"].apply(list).tolist() == [[1, 2, 3]] * 100
    assert film.joints.shape == (100, 3, len(BODY_NODES), 2)
    assert 0.05 < len(film.contact_frames) / 100 < 0.8


def test_masks_are_of_the_animals_one_white_and_two_dark_and_none_covers_another(films):
    film = films[0]
    for sample in film.samples([3, 50, 95]):
        labels = film.labels(sample.source[1])
        assert np.sum(list(labels.values()), axis=0).max() == 1
        levels = {k: np.median(sample.image[mask > 0]) for k, mask in labels.items()}
        assert levels[1] > max(levels[2], levels[3]) + 60
        assert all(1000 < mask.sum() < 4500 for mask in labels.values())
        assert len(sample.masks) == len(labels)


def test_positions_are_in_the_middle_of_the_masks(films):
    film = films[0]
    free = film.truth[(film.truth["seen"] > 0.95) & ~film.truth["touching"]]
    assert len(free) > 20
    for row in free[:: max(1, len(free) // 20)].itertuples():
        rows, columns = np.nonzero(film.labels(row.frame)[row.id])
        assert np.hypot(columns.mean() - row.x, rows.mean() - row.y) < 5


def test_another_take_is_another_recording_in_the_same_cage(films):
    one, other = (film.sample(2) for film in films)
    free = ~(one.labelled() | other.labelled())
    straw = [sample.image[free].astype(float) for sample in (one, other)]
    assert np.corrcoef(straw[0], straw[1])[0, 1] > 0.7
    assert not np.allclose(films[0].joints[2], films[1].joints[2])


def test_the_same_seed_is_the_same_film(films, tmp_path):
    again = film_bedding(11, tmp_path, 1, take=1)
    assert again.video.read_bytes() == films[1].video.read_bytes()
    assert again.truth.equals(films[1].truth)
