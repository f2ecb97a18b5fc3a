"""The figure of postures or stretches of time by how alike they are: PCA, UMAP if installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.figures.drawing import (
    NOTHING,
    Figure,
    animal_colour,
    colour_of,
    coordinates,
    layout,
    values_of,
)
from llm_query.individual.kinematics import speed
from llm_query.learning.features import feature_values
from llm_query.recording import Recording
from llm_query.vocabulary import word

MOST_DOTS = 5000
Features = tuple[list[str], np.ndarray]  # names (d,), values (n, d)


@word()
def plot_embedding(
    recording: Recording,
    animals: Sequence[str] | None = None,
    *,
    of: str = "postures",
    window_s: float = 1.0,
    colour: str | Sequence[Bouts] = "animal",
    method: str = "pca",
    features: Sequence[str] = (),
) -> Figure:
    """Draw every posture, or every stretch of time, as a dot: alike ones lie close together.

    animals: their names, by default all. of: "postures" (one dot per frame: the body points
    seen from the animal's own centre and heading, in body lengths) or "windows" (mean and
    spread of speed, turning, length and of the body points). window_s: length of a window in
    seconds. colour: "animal", "time" (s), or bouts: a dot has the colour of the first behaviour
    that holds in it, for at least half of a window's frames. method: "pca" (principal
    components of standardised features) or "umap" (needs the package umap-learn; without it PCA
    is drawn, which the subtitle says). features: columns of behaviour_features to take instead
    of these, by name.

    Only frames in which all features are known take part, and windows in at least half of which
    each is; features that one of the animals never has are left out for all, and an animal that was
    never seen has no dots. At most 5,000 dots are drawn, evenly in time; the components are of all.

    Returns a plotly figure as a dict; axis titles give the share of variance of each component.
    Source: Pearson 1901 (PCA); McInnes et al. 2018 (UMAP); features as in Berman et al. 2014, ours.

    >>> figure = plot_embedding(example_recording(), of="windows", window_s=0.5)
    >>> [trace["name"] for trace in figure["data"]]
    ['animal1', 'animal2', 'animal3']
    """
    who = list(recording.animals if animals is None else animals)
    if of not in ("postures", "windows"):
        raise QueryError(f'An embedding is of "postures" or "windows", not "{of}".')
    size = None if of == "postures" else max(window_s, 1e-9)
    rows, frames, owner = _rows(recording, who, size, features)
    if len(rows) < 3 or not (rows.std(axis=0) > 1e-9).any():
        raise QueryError(
            f"The {of} of {', '.join(who)} are not known in enough frames, or are all the same: "
            "there is nothing to tell apart. Import pose data, or take longer windows."
        )
    dots, shares = principal(rows)
    names = [f"component {k + 1} ({100 * share:.1f} % of variance)"
             for k, share in enumerate(shares[:2])]  # fmt: skip
    drawn = np.unique(np.linspace(0, len(dots) - 1, min(len(dots), MOST_DOTS)).astype(int))
    absent = [each for k, each in enumerate(who) if not (owner == k).any()]
    notes = [] if len(drawn) == len(dots) else [f"{len(drawn):,} of {len(dots):,} drawn"]
    note = "; ".join([*notes, *([f"nothing known of {', '.join(absent)}"] if absent else [])])
    if method == "umap":
        dots, names, note = _umap(rows[drawn], dots[drawn], names, note)
    else:
        dots = dots[drawn]
    kinds = _kinds(recording, who, colour, frames[drawn], owner[drawn], size)
    seconds = recording.time_s[frames[drawn]]
    data = [
        {"type": "scattergl", "mode": "markers", "name": name, "x": coordinates(dots[chosen, 0]),
         "y": coordinates(dots[chosen, 1]), "customdata": coordinates(seconds[chosen]),
         "text": [who[k] for k in owner[drawn][chosen]],
         "marker": {"size": 4, "opacity": 0.6, **shade},
         "hovertemplate": f"%{{text}} at %{{customdata:.2f}} s<extra>{name}</extra>"}
        for name, chosen, shade in kinds
    ]  # fmt: skip
    title = {"postures": "Postures", "windows": f"Windows of {window_s:g} s"}[of]
    return {
        "data": data,
        "layout": layout(f"{title} of {', '.join(who)}", names[0], names[1], note),
    }


def principal(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) scores and (d,) shares of variance of the principal components, largest first.

    Features are standardised first and those that never vary left out; each component points
    towards its largest loading, so that the picture does not depend on the machine.

    >>> scores, shares = principal(np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]))
    >>> shares.round(6).tolist()
    [1.0, 0.0]
    """
    varies = rows.std(axis=0) > 1e-9
    scaled = (rows[:, varies] - rows[:, varies].mean(axis=0)) / rows[:, varies].std(axis=0)
    _, values, loadings = np.linalg.svd(scaled.T @ scaled)
    sign = np.sign(loadings[np.arange(len(loadings)), np.abs(loadings).argmax(axis=1)])
    scores = scaled @ (loadings * sign[:, None])[:2].T
    if scores.shape[1] == 1:
        scores = np.column_stack([scores, np.zeros(len(scores))])
        values = np.append(values, 0.0)
    return scores, values / values.sum()


def _umap(
    rows: np.ndarray, dots: np.ndarray, names: list[str], note: str
) -> tuple[np.ndarray, list[str], str]:
    """The drawn rows by UMAP; without the package, the PCA that there is."""
    if find_spec("umap") is None:
        return dots, names, "; ".join(filter(None, [note, "PCA: umap-learn is not installed"]))
    scale = np.where(rows.std(axis=0) > 1e-9, rows.std(axis=0), 1)
    scaled = (rows - rows.mean(axis=0)) / scale
    umap = import_module("umap")  # by name: it is not installed with the program
    return umap.UMAP(random_state=0).fit_transform(scaled), ["UMAP 1", "UMAP 2"], note


def _rows(
    recording: Recording, who: Sequence[str], window_s: float | None, features: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(k, d) features, (k,) frames and (k,) which of the animals, where all are known."""
    points = [p for p in recording.points if p != "centre"]
    points = [p for p in points if all(p in recording.track(each).points for each in who)]
    rows, frames, owner = [], [], []
    if features:
        everybody = [
            feature_values(recording, animal, names=features).astype(float) for animal in who
        ]
    else:
        everybody = [
            _per_frame(recording, animal, points, with_motion=window_s is not None)
            for animal in who
        ]
        has = np.array([np.isfinite(each).any(axis=0) for each in everybody])
        shared = has[has.any(axis=1)].all(axis=0)  # of those that were seen
        everybody = [each[:, shared] for each in everybody]
    for number, values in enumerate(everybody):
        frame = np.arange(recording.n_frames)
        if window_s is not None:
            values, frame = _windows(values, recording.time_s, window_s)
        known = np.isfinite(values).all(axis=1) & (values.shape[1] > 0)
        rows.append(values[known])
        frames.append(frame[known])
        owner.append(np.full(int(known.sum()), number))
    return np.concatenate(rows), np.concatenate(frames), np.concatenate(owner)


def _per_frame(
    recording: Recording, animal: str, points: Sequence[str], *, with_motion: bool
) -> np.ndarray:
    """(n, d) the body seen from itself: points ahead and aside in body lengths, then its size."""
    lengths = recording.length(animal)
    size = float(np.nanmedian(lengths)) if np.isfinite(lengths).any() else 1.0
    turn = np.deg2rad(recording.heading_deg(animal))
    ahead = np.column_stack([np.cos(turn), -np.sin(turn)])  # y goes down
    aside = np.column_stack([np.sin(turn), np.cos(turn)])
    centre = recording.position(animal)
    columns = []
    for point in points:
        away = (recording.position(animal, point) - centre) / size
        columns += [(away * ahead).sum(axis=1), (away * aside).sum(axis=1)]
    columns += [recording.length(animal) / size, recording.body_width(animal) / size]
    if with_motion:
        columns += [speed(recording, animal) / size, _turning(recording, animal)]
    return np.column_stack(columns)


def _turning(recording: Recording, animal: str) -> np.ndarray:
    """(n,) degrees per second by which the heading changes, to either side."""
    radians = np.deg2rad(recording.heading_deg(animal))
    change = np.abs(np.angle(np.exp(1j * np.diff(radians))))
    turned = np.rad2deg(change) / np.diff(recording.time_s)
    return np.append(turned, turned[-1:]) if len(turned) else np.full(len(radians), np.nan)


def _windows(
    values: np.ndarray, time_s: np.ndarray, window_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """(k, 2 d) mean and standard deviation in each window, and its first frame.

    Over the frames in which a feature is known; where these are less than half, NaN.
    """
    place = np.floor((time_s - time_s[0]) / window_s + 1e-6).astype(int)
    first, length = np.unique(place, return_index=True, return_counts=True)[1:]
    known = np.isfinite(values)
    number = np.add.reduceat(known.astype(float), first)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(np.where(known, values, 0), first) / number
        away = np.where(known, values - np.repeat(mean, length, axis=0), 0)
        spread = np.sqrt(np.add.reduceat(away**2, first) / number)
    enough = number >= length[:, None] / 2
    return np.where(np.hstack([enough, enough]), np.hstack([mean, spread]), np.nan), first


def _kinds(
    recording: Recording,
    who: Sequence[str],
    colour: str | Sequence[Bouts],
    frames: np.ndarray,
    owner: np.ndarray,
    window_s: float | None,
) -> list[tuple[str, np.ndarray, dict]]:
    """Name, chosen dots and marker of every trace."""
    if colour == "time":
        shade = {"color": values_of(recording.time_s[frames]), "colorscale": "Viridis",
                 "showscale": True, "colorbar": {"title": {"text": "s"}}}  # fmt: skip
        return [("time", np.ones(len(frames), dtype=bool), shade)]
    if isinstance(colour, str):
        if colour != "animal":
            raise QueryError(f'Dots are coloured by "animal", "time" or bouts, not "{colour}".')
        return [(animal, owner == k, {"color": animal_colour(recording, animal)})
                for k, animal in enumerate(who)]  # fmt: skip
    label = np.full(len(frames), -1)
    for order in reversed(range(len(colour))):
        for k, animal in enumerate(who):
            doing = _doing(recording, colour[order], animal, window_s)
            label[(owner == k) & doing[frames]] = order
    names = [each.behaviour or f"behaviour {k + 1}" for k, each in enumerate(colour)]
    kinds = [("none of them", label == -1, {"color": NOTHING})]
    return kinds + [(n, label == k, {"color": colour_of(k)}) for k, n in enumerate(names)]


def _doing(recording: Recording, bouts: Bouts, animal: str, window_s: float | None) -> np.ndarray:
    """(n,) bool whether the animal did it in the frame, or in half of the window it begins."""
    if not any(subject == animal for subject, _ in bouts.pairs):
        return np.zeros(recording.n_frames, dtype=bool)
    mask = bouts.only(animal).mask()
    if window_s is None:
        return mask
    share, first = _windows(mask[:, None].astype(float), recording.time_s, window_s)
    found = np.zeros(recording.n_frames, dtype=bool)
    found[first] = share[:, 0] >= 0.5
    return found
