"""Learn from a video what its animals look like, by small networks: crops of one fragment are to
lie close together, crops of fragments side by side in time far apart.

A network remembers the fragments that it has seen, whoever they show. So there are two, each taught
by half of the fragments, and a fragment is judged by the network that never saw it.

Source: contrastive learning of fragments as in idtracker.ai 6 (Torrents et al. 2025). Torch comes
with the extra `models`; here it is imported only by what needs it. The number of threads is fixed,
so that the result does not depend on how many cores there are; a GPU gives another one, the same
each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tracking.identities.directions import means

if TYPE_CHECKING:
    import torch

DIMENSIONS = 8  # of the space that crops are put into
NEAR, FAR = 1.0, 10.0  # distances there that pairs of one animal and of two are drawn to
CHANNELS = (8, 16, 32)
PAIRS = 96  # of each kind in a step
STEPS = 400  # at most, for each network
LOOK_EVERY = 25  # steps from one look at the pairs of the other half to the next
SETTLED = 3  # looks without getting better, after which it stops
BETTER = 0.003  # share of pairs that counts as better
FOLDS = 8  # stretches of the video that the halves take turns in
THREADS = 1  # so small a network gains little from more
AT_ONCE = 1024  # crops embedded together
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Lesson:
    """What is learned from: n crops of F fragments, and which of these are side by side."""

    images: np.ndarray  # (n, h, w) uint8, 0 outside the animal
    gain: np.ndarray  # (n,) that brings the gray levels of each to a usual 1
    fragment: np.ndarray  # (n,) int, 0 to F - 1
    middle: np.ndarray  # (F,) when each fragment is, 0 to 1 over the video
    apart: np.ndarray  # (p, 2) int, pairs of fragments side by side


@dataclass(frozen=True)
class Learned:
    """Where every crop lies, and how it was learned."""

    places: np.ndarray  # (n, DIMENSIONS) float64, by the network that never saw its fragment
    steps: int  # of both networks
    held_out: float  # share of pairs of unseen fragments told rightly, 0.5 is guessing
    device: str


def learn(lesson: Lesson, on_progress: OnProgress, seed: int = 0) -> Learned:
    """Train two networks, each on half of the fragments, and place every crop."""
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    threads, fixed = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return _learn(lesson, on_progress, device, seed)
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(fixed)


def _learn(lesson: Lesson, on_progress: OnProgress, device: torch.device, seed: int) -> Learned:
    images = _Pictures(lesson, device)
    half = halves(lesson)
    taught, steps, told = [], 0, 0.0
    for number in (0, 1):

        def tell(step: int, number: int = number) -> None:
            on_progress(number * STEPS + step, 2 * STEPS)

        rng = np.random.default_rng([seed, number])
        training, check = (_Pairs(lesson, half == h) for h in (number, 1 - number))
        network, taken, right = _taught(images, training, check, device, rng, tell)
        taught.append(_placed(network, images))
        steps, told = steps + taken, told + right / 2
    on_progress(2 * STEPS, 2 * STEPS)
    unseen = half[lesson.fragment] == 0  # by the second network
    places = np.where(unseen[:, None], *_brought_together(taught[1], taught[0], lesson.fragment))
    return Learned(places, steps, told, str(device))


def halves(lesson: Lesson) -> np.ndarray:
    """(F,) 0 or 1, by whom each fragment is learned from: whole stretches of the video take turns,
    so that fragments side by side mostly stay together."""
    return np.minimum((lesson.middle * FOLDS).astype(np.int64), FOLDS - 1) % 2


def _taught(
    images: _Pictures, training: _Pairs, check: _Pairs, device: torch.device,
    rng: np.random.Generator, tell: Callable[[int], None],
) -> tuple[torch.nn.Module, int, float]:  # fmt: skip
    """A network trained until it tells pairs of the other half no better, the steps it took, and
    the share of those pairs that it tells."""
    import torch

    network = _network(images.shape).to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    held_out = check.draw(np.random.default_rng(1), 4 * PAIRS)
    best, since, step = (0.0, network.state_dict()), 0, 0
    for step in range(1, STEPS + 1):
        same, different = training.draw(rng, PAIRS)
        if not len(same) or not len(different):
            break
        every = np.concatenate((same.ravel(), different.ravel()))
        batch = _turned(images.at(every), rng)
        loss = _loss(network(batch), len(same))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % LOOK_EVERY == 0:
            right = _told(network, images, held_out)
            tell(step)
            since = 0 if right > best[0] + BETTER else since + 1
            if right > best[0]:
                best = right, {k: v.clone() for k, v in network.state_dict().items()}
            if since >= SETTLED:
                break
    network.load_state_dict(best[1])
    return network, step, best[0]


def _brought_together(
    first: np.ndarray, second: np.ndarray, fragment: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Two placings (n, d) of the same crops in one space: each in units of its own spread within
    fragments, the first turned onto the second."""
    one, other = (_in_own_units(places, fragment) for places in (first, second))
    left, _, right = np.linalg.svd(one.T @ other)
    return one @ (left @ right), other


def _in_own_units(places: np.ndarray, fragment: np.ndarray) -> np.ndarray:
    off = places - means(places, fragment)[fragment]
    size, axes = np.linalg.eigh(off.T @ off / len(off))
    size = np.maximum(size, 1e-3 * size.max() + 1e-12)
    return (places - places.mean(0)) @ (axes / np.sqrt(size)) @ axes.T


class _Pictures:
    """Crops as a network sees them, made anew each time: as numbers they take eight times more."""

    def __init__(self, lesson: Lesson, device: torch.device) -> None:
        self._images, self._gain, self._device = lesson.images, lesson.gain, device
        some = np.linspace(0, len(lesson.images) - 1, 500).astype(np.int64)
        levels = lesson.images[some] * lesson.gain[some, None, None]
        self._spread = max(float(levels[lesson.images[some] > 0].std()), 1e-3)
        self.shape = (2, *lesson.images.shape[1:])

    def __len__(self) -> int:
        return len(self._images)

    def at(self, which: np.ndarray) -> torch.Tensor:
        """(k, 2, h, w) shade against the usual, 0 outside; and the outline."""
        import torch

        levels = torch.from_numpy(self._images[which]).to(self._device).float()
        gain = torch.from_numpy(self._gain[which].astype(np.float32)).to(self._device)
        inside = (levels > 0).float()
        shade = (levels * gain[:, None, None] - 1) / self._spread
        return torch.stack((shade * inside, inside), 1)


def _network(shape: tuple[int, ...]) -> torch.nn.Module:
    """About 14,000 parameters: three convolutions and one layer."""
    from torch import nn

    before, height, width = shape
    layers: list[nn.Module] = []
    for channels, reach in zip(CHANNELS, (5, 3, 3), strict=True):
        layers += [nn.Conv2d(before, channels, reach, 2, reach // 2), nn.ReLU()]
        before, height, width = channels, -(-height // 2), -(-width // 2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * height * width, DIMENSIONS))


def _turned(batch: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Half of the crops end for end, half mirrored: head and side mean nothing."""
    import torch

    for axes in ((2, 3), (2,)):
        chosen = torch.from_numpy(rng.random(len(batch)) < 0.5).to(batch.device)
        batch = torch.where(chosen[:, None, None, None], batch.flip(axes), batch)
    return batch


def _loss(places: torch.Tensor, n_same: int) -> torch.Tensor:
    """Pairs of one animal farther than NEAR, and of two nearer than FAR, cost their square."""
    import torch

    same = places[: 2 * n_same].reshape(-1, 2, DIMENSIONS)
    different = places[2 * n_same :].reshape(-1, 2, DIMENSIONS)
    near = torch.linalg.vector_norm(same[:, 0] - same[:, 1] + 1e-6, dim=1)
    far = torch.linalg.vector_norm(different[:, 0] - different[:, 1] + 1e-6, dim=1)
    return torch.relu(near - NEAR).square().mean() + torch.relu(FAR - far).square().mean()


def _placed(
    network: torch.nn.Module, images: _Pictures, which: np.ndarray | None = None
) -> np.ndarray:
    """Where crops lie, the mean over their four ways to be turned."""
    import torch

    which = np.arange(len(images)) if which is None else which
    parts = [np.empty((0, DIMENSIONS), np.float32)]
    with torch.inference_mode():
        for at in range(0, len(which), AT_ONCE):
            batch = images.at(which[at : at + AT_ONCE])
            ways = [batch, batch.flip((2, 3)), batch.flip((2,)), batch.flip((3,))]
            parts.append(torch.stack([network(way) for way in ways]).mean(0).cpu().numpy())
    return np.concatenate(parts).astype(np.float64)


def _told(
    network: torch.nn.Module, images: _Pictures, check: tuple[np.ndarray, np.ndarray]
) -> float:
    """How often a held-out pair of one animal lies closer together than one of two animals."""
    same, different = check
    if not len(same) or not len(different):
        return 0.5
    used, back = np.unique(np.concatenate((same, different)), return_inverse=True)
    pairs = _placed(network, images, used)[back.reshape(-1, 2)]
    way = np.linalg.norm(pairs[:, 0] - pairs[:, 1], axis=1)
    near, far = way[: len(same)], way[len(same) :]
    return float((near[:, None] < far[None]).mean())


class _Pairs:
    """Draws pairs of crops of one fragment, and of two side by side, from some fragments (F,)."""

    def __init__(self, lesson: Lesson, which: np.ndarray) -> None:
        fragment = np.where(which[lesson.fragment], lesson.fragment, -1)
        self._order = np.argsort(fragment, kind="stable")
        bounds = np.searchsorted(fragment[self._order], np.arange(len(which) + 1))
        self._first, self._size = bounds[:-1], np.diff(bounds)
        size = self._size.astype(np.float64)
        self._same = np.where(size >= 2, size, 0.0)
        both = size[lesson.apart]
        self._apart = lesson.apart
        self._different = both.min(1) if len(both) else np.empty(0)

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(count, 2) crops of the same fragment, and (count, 2) of fragments side by side; none
        where there are no such fragments."""
        none = np.empty((0, 2), np.int64)
        same, different = none, none
        if self._same.sum() > 0:
            chosen = rng.choice(len(self._same), count, p=self._same / self._same.sum())
            same = np.stack([self._crops(rng, chosen), self._crops(rng, chosen)], 1)
        if self._different.sum() > 0:
            weight = self._different / self._different.sum()
            pairs = self._apart[rng.choice(len(weight), count, p=weight)]
            different = np.stack([self._crops(rng, pairs[:, k]) for k in (0, 1)], 1)
        return same, different

    def _crops(self, rng: np.random.Generator, fragments: np.ndarray) -> Any:
        places = self._first[fragments] + rng.integers(0, self._size[fragments])
        return self._order[places]
