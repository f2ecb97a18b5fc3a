"""What animals look like is learned from the video alone, and told only as far as it is known."""

import importlib.util

import numpy as np
import pytest
from lookers import EVEN, FPS, Look, film, right

from tracking.errors import TrackingError
from tracking.identities import evidence
from tracking.identities.evidence import appearance, chosen_method
from tracking.identities.fragments import Fragment

SIZES = [Look(half_length=length) for length in (17, 19, 21, 23)]
ALIKE = [Look(), Look(), Look()]
SPOTTED = [Look(60, 20, 8, spots) for spots in (0, 2, 4)]


def told(made, n_animals, method="descriptors"):
    """The evidence of a film."""
    return appearance(made.fragments, made.sightings, n_animals, method, FPS)


def sureness(seen):
    """(n,) the probability given to the likeliest animal of every fragment."""
    share = np.exp(seen.log_likelihood - seen.log_likelihood.max(1, keepdims=True))
    return (share / share.sum(1, keepdims=True)).max(1)


@pytest.mark.parametrize("looks", [SIZES, SPOTTED, [Look(50), Look(70)]], ids=["4", "3", "2"])
def test_animals_that_differ_are_told_apart_without_labels(tmp_path, looks):
    made = film(tmp_path, looks)
    seen = told(made, len(looks))
    assert right(seen.log_likelihood, made.who) > 0.95
    assert seen.method == "descriptors" and seen.quality["told_apart"] > 0.8
    assert np.median(seen.margin) > 2


@pytest.mark.parametrize("seed", range(2))
def test_animals_that_look_alike_are_not_told_apart(tmp_path, seed):
    seen = told(film(tmp_path, ALIKE, seed), 3)
    assert np.median(seen.margin) < 0.3 and seen.margin.max() < 2
    assert seen.quality["told_apart"] < 0.5


@pytest.mark.parametrize("homes", [False, True])
def test_light_that_falls_off_over_the_arena_makes_nobody_somebody(tmp_path, homes):
    light = np.linspace(0.6, 1.4, 320)[None] * EVEN  # animals look twice as bright on the right
    seen = told(film(tmp_path, ALIKE, 4, light=light, homes=homes), 3)
    assert np.median(seen.margin) < 0.5
    seen = told(film(tmp_path, SIZES[::3], 4, light=light), 2)
    assert np.median(seen.margin) > 2


def test_what_is_said_of_a_fragment_is_as_sure_as_it_is_right(tmp_path):
    looks = [Look(half_length=length) for length in (19.0, 19.6, 20.2, 20.8)]
    sure, hits = [], []
    for seed in range(3):
        made = film(tmp_path, looks, seed, fragment_s=2.0, seconds=30)
        seen = told(made, 4)
        hits.append(right(seen.log_likelihood, made.who))
        sure.append(sureness(seen).mean())
    assert np.mean(sure) < np.mean(hits) + 0.1


def test_short_fragments_say_less_than_long_ones(tmp_path):
    looks = [Look(half_length=length) for length in (19.0, 20.0, 21.0)]
    short = told(film(tmp_path, looks, seconds=30, fragment_s=0.5), 3)
    long = told(film(tmp_path, looks, seconds=60, fragment_s=6.0), 3)
    assert np.median(short.margin) < np.median(long.margin)


def test_fragments_with_an_exchange_inside_do_not_mislead_the_others(tmp_path):
    made = film(tmp_path, SIZES)
    table = made.sightings.table()
    for k in (8, 9):  # two slots change hands in the middle of their fragments
        half = (made.fragments[k].start + made.fragments[k].stop) // 2
        late = (table[:, 3] == made.fragments[k].slot) & (table[:, 2] >= half)
        late &= table[:, 2] < made.fragments[k].stop
        table[late, 3] = made.fragments[17 - k].slot
    made.sightings._parts = [table]
    seen = told(made, 4)
    clean = np.delete(np.arange(len(made.who)), (8, 9))
    assert right(seen.log_likelihood[clean], made.who[clean]) > 0.9


def test_an_animal_that_is_never_seen_apart_does_not_stop_the_others(tmp_path):
    made = film(tmp_path, SIZES)
    table = made.sightings.table()
    hidden = evidence.Sightings()
    hidden.files, hidden._parts = made.sightings.files, [table[table[:, 1] % 4 != 0]]
    made.sightings = hidden
    seen = told(made, 4)
    shown = made.who != 0
    best = seen.log_likelihood[shown].argmax(1)
    apart = best[:, None] != best[None]
    differ = made.who[shown][:, None] != made.who[shown][None]
    assert apart[differ].mean() > 0.95  # one of the three may look like two of the four
    assert (seen.log_likelihood[~shown] == 0).all()


def test_twenty_animals_are_learned_too(tmp_path):
    looks = [Look(40 + 8 * (k % 5), 15 + 2.5 * (k // 5)) for k in range(20)]
    made = film(tmp_path, looks, seconds=10, fragment_s=2.0)
    assert right(told(made, 20).log_likelihood, made.who) > 0.8


def test_one_animal_or_none_or_no_crops_give_no_evidence(tmp_path):
    made = film(tmp_path, [Look(), Look()], seconds=3, fragment_s=1.0)
    for seen in (
        told(made, 2, "none"),
        appearance([], made.sightings, 2, "descriptors", FPS),
        appearance(made.fragments, evidence.Sightings(), 2, "descriptors", FPS),
        appearance(made.fragments[:1], made.sightings, 2, "descriptors", FPS),
    ):
        assert seen.method == "none" and not seen.log_likelihood.any()


def test_the_same_film_gives_the_same_evidence(tmp_path):
    first, second = (told(film(tmp_path, SPOTTED, seconds=18), 3) for _ in range(2))
    assert np.array_equal(first.log_likelihood, second.log_likelihood)


def test_more_crops_and_fragments_than_fit_are_thinned_evenly(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "MOST_CROPS", 400)
    monkeypatch.setattr(evidence, "MOST_FRAGMENTS", 24)
    made = film(tmp_path, SIZES, fragment_s=4.0)
    assert len(made.fragments) == 60
    assert right(told(made, 4).log_likelihood, made.who) > 0.9


def test_how_animals_are_told_apart_is_decided_by_what_is_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert chosen_method("auto") == chosen_method("descriptors") == "descriptors"
    with pytest.raises(TrackingError, match=r"pip install 'ethoscribe\[models\]'"):
        chosen_method("contrastive")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    assert chosen_method("auto") == chosen_method("contrastive") == "contrastive"
    assert chosen_method("off") == "none"
    with pytest.raises(TrackingError, match="choose auto, contrastive, descriptors, off"):
        chosen_method("magic")


with_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch comes with the extra models"
)


@with_torch
def test_networks_tell_animals_apart_the_same_way_each_time(tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(evidence.contrastive, "STEPS", 50)
    monkeypatch.setattr(evidence, "TAUGHT", 2)
    steps = []
    made = film(tmp_path, SPOTTED, seconds=24, fragment_s=3.0)
    first = appearance(
        made.fragments, made.sightings, 3, "contrastive", FPS, lambda *s: steps.append(s)
    )
    assert first.method == "contrastive" and right(first.log_likelihood, made.who) > 0.95
    assert steps == sorted(steps) and steps[-1][0] == steps[-1][1]
    torch.set_num_threads(1)
    torch.manual_seed(7)
    again = told(made, 3, "contrastive")
    assert np.array_equal(first.log_likelihood, again.log_likelihood)


@with_torch
def test_networks_do_not_tell_apart_what_looks_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence.contrastive, "STEPS", 50)
    monkeypatch.setattr(evidence, "TAUGHT", 1)
    seen = told(film(tmp_path, ALIKE, 1, 24.0), 3, "contrastive")
    assert np.median(seen.margin) < 0.3


@pytest.mark.parametrize(("pictures", "alike"), [(1, False), (4, True)])
def test_where_nothing_shows_how_one_animal_varies_looks_say_nothing(pictures, alike):
    fragments = [Fragment(k, k % 2, k // 2 * 60, k // 2 * 60 + 30) for k in range(20)]
    whose = np.repeat(np.arange(20), pictures)
    features = np.random.default_rng(1).normal(size=(20, 32))[whose]
    features = np.zeros_like(features) if alike else features
    told_, quality = evidence.evidence_of(
        features, whose, whose * 1.0, np.ones(20), np.arange(20),
        evidence.side_by_side(fragments), 2,
    )  # fmt: skip
    assert not told_.any() and quality["worth"] == 0.0 and quality["told_apart"] == 0.5


def test_what_several_networks_say_is_averaged_over_the_same_animals():
    said = np.array([[0.0, -4.0, -4.0], [-4.0, 0.0, -4.0], [-4.0, -4.0, 0.0]])
    mute = np.zeros((3, 3))
    other_names = said[:, [2, 0, 1]]
    mean, quality = evidence.together([(said, {"worth": 1.0}), (other_names, {"worth": 0.5})])
    assert np.array_equal(mean, said) and quality == {"worth": 0.75}
    mean, _ = evidence.together([(said, {"worth": 1.0}), (mute, {"worth": 0.0})])
    assert np.array_equal(mean, said / 2)  # half of them saw nothing: half as sure


def test_looks_that_fit_worse_than_anybody_s_weigh_nothing():
    fragments = [Fragment(k, k % 2, 0, 50) for k in range(2)]
    whose = np.repeat(np.arange(2), 3)
    features = np.random.default_rng(2).normal(size=(6, 32))
    _, quality = evidence.evidence_of(
        features, whose, np.tile([0.0, 0.1, 0.2], 2), np.ones(2), np.arange(2),
        evidence.side_by_side(fragments), 2,
    )  # fmt: skip
    assert quality["score"] < 0 and quality["worth"] == 0.0
