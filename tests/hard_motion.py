"""How the animals of a hard scene move: they run, rest, approach, touch, cross and part again.

A body is a chain of joints drawn along by its nose, so that it bends as it turns. An encounter is
a plan for two animals. No two stay in contact for longer than a limit: then both walk away.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

BODY, TAIL = 8, 6  # joints of a body, nose first, and of the tail behind it
BEND = 0.24  # radians a body bends at most from joint to joint
SAMPLES = 2 * BODY - 1  # places along a body at which its width is known
BREAK_S = 0.2  # a contact is over when it has been broken for so long
LONG = 0.25  # share of encounters that are planned to last for more than 4 s
BEFORE_LIMIT = 0.82  # share of the longest contact after which two animals are sent apart
ENCOUNTERS = ("cross", "cross", "nose", "beside", "walk together", "over", "bounce")


@dataclass(frozen=True)
class Habits:
    """How a kind of animal moves; lengths are its own body lengths, times are seconds."""

    pace: tuple[float, float] = (2.0, 5.0)  # body lengths per second of a run
    rest_s: tuple[float, float] = (0.5, 4.0)
    resting: float = 0.45  # share of free decisions that are rests
    turn_radius: float = 0.5  # body lengths; a smaller one bends bodies more
    rigid: bool = False  # the body does not bend, and turns on the spot
    tail: float = 0.8  # body lengths
    encounters: tuple[str, ...] = ENCOUNTERS
    shy: bool = True  # free runs lead around others


@dataclass(frozen=True)
class Paths:
    """Where everybody was: joints in px, nose first, and who touched whom."""

    joints: np.ndarray  # (F, N, BODY + TAIL, 2) float32
    touching: np.ndarray  # (F, N, N) bool, outlines that lie together
    above: np.ndarray  # (F, N) float32, who is drawn over whom


@dataclass
class Mover:
    """One animal and what it means to do."""

    length: float
    joints: np.ndarray  # (BODY + TAIL, 2) px
    heading: float  # radians, y down
    speed: float = 0.0  # px per frame
    plan: list[tuple] = field(default_factory=list)
    since: int = 0  # frames spent on the first step of the plan
    busy: bool = False  # the plan is an encounter's
    above: float = 0.0
    refuge: np.ndarray | None = None  # where it goes to get away, (2,) px

    @property
    def nose(self) -> np.ndarray:
        """Where the nose is, (2,) px."""
        return self.joints[0]

    def middle(self) -> np.ndarray:
        """The middle of the body, (2,) px."""
        return self.joints[:BODY].mean(axis=0)

    def follow(self, plan: list[tuple], busy: bool = False) -> None:
        """Drop what it was doing and do this."""
        self.plan, self.since, self.busy = list(plan), 0, busy


class Crowd:
    """Animals of one arena, moved frame by frame; everything follows from the seed."""

    def __init__(
        self, seed: int, lengths: list[float], radii: np.ndarray, habits: list[Habits],
        arena: tuple[float, float, float, float], fps: float, inside: Callable | None = None,
    ) -> None:  # fmt: skip
        self.rng = np.random.default_rng([seed, 5])
        self.habits, self.fps = habits, fps
        self.low, self.high = np.array(arena[:2], float), np.array(arena[2:], float)
        self.inside = inside
        self.radii = radii  # (N, SAMPLES) px, half a body's width from nose to tail base
        self.clock = np.zeros((len(lengths),) * 2, int)  # frames of the contact that goes on
        self.away = np.zeros_like(self.clock)  # frames since the two were last together
        self.starts = 0  # contacts begun so far
        spots = self._spread(len(lengths))
        self.movers = [
            _mover(spot, self.rng.uniform(0, 2 * np.pi), length, each)
            for spot, length, each in zip(spots, lengths, habits, strict=True)
        ]

    def run(self, n_frames: int, crossings: int, longest_s: float, leaving: float = 0.0) -> Paths:
        """Move everybody for so many frames and arrange for about so many crossings.

        ``leaving`` is the share of free decisions in which an animal leaves through the left.
        """
        n = len(self.movers)
        joints = np.empty((n_frames, n, BODY + TAIL, 2), np.float32)
        touching = np.zeros((n_frames, n, n), bool)
        above = np.zeros((n_frames, n), np.float32)
        limit = int(BEFORE_LIMIT * longest_s * self.fps)
        for f in range(n_frames):
            if self.starts < crossings * (f + 0.25 * self.fps) / n_frames:
                self._arrange(longest_s)
            for k, mover in enumerate(self.movers):
                if not mover.plan:
                    mover.busy = False
                    self._decide(k, leaving)
                self._move(k, mover)
            touching[f] = self._touching()
            self._part(touching[f], limit)
            for k, mover in enumerate(self.movers):
                joints[f, k], above[f, k] = mover.joints, mover.above
        return Paths(joints, touching, above)

    def _spread(self, count: int) -> np.ndarray:
        """Starts that lie apart: the best of many draws."""
        margin = 0.15 * (self.high - self.low)
        draws = self.rng.uniform(self.low + margin, self.high - margin, (100, count, 2))
        apart = np.linalg.norm(draws[:, :, None] - draws[:, None], axis=-1)
        apart[:, np.arange(count), np.arange(count)] = np.inf
        return draws[np.argmax(apart.min(axis=(1, 2)))]

    def _touching(self) -> np.ndarray:
        """Which outlines lie together, (N, N) bool."""
        body = np.stack([mover.joints[:BODY] for mover in self.movers])
        points = np.empty((len(body), 2 * BODY - 1, 2))
        points[:, ::2] = body
        points[:, 1::2] = (body[:, 1:] + body[:, :-1]) / 2
        n, m = points.shape[:2]
        flat, radii = points.reshape(-1, 2), self.radii.reshape(-1)
        apart = np.hypot(*(flat[:, None] - flat[None]).transpose(2, 0, 1))
        gap = (apart - radii[:, None] - radii[None]).reshape(n, m, n, m).min(axis=(1, 3))
        near = gap < 1.5
        np.fill_diagonal(near, False)
        return near

    def _part(self, near: np.ndarray, limit: int) -> None:
        """Count contacts and send apart who has been together for too long."""
        self.starts += int(np.triu(near & (self.clock == 0)).sum())
        self.away = np.where(near, 0, self.away + 1)
        # a contact that breaks for less than a fifth of a second goes on
        goes_on = near | ((self.clock > 0) & (self.away < BREAK_S * self.fps))
        self.clock = np.where(goes_on, self.clock + 1, 0)
        for a, b in zip(*np.nonzero(np.triu(self.clock > limit)), strict=True):
            for k, other in ((a, b), (b, a)):
                if self.movers[k].plan[:1] and self.movers[k].plan[0][0] == "leave":
                    continue
                self.movers[k].follow([("leave", int(other))], busy=True)

    # what an animal does when nothing was arranged

    def _decide(self, k: int, leaving: float) -> None:
        habits, mover, rng = self.habits[k], self.movers[k], self.rng
        if rng.uniform() < leaving:
            y = float(mover.nose[1])
            out = (self.low[0] - 2.2 * mover.length, y)
            away = int(rng.uniform(1, 6) * self.fps)
            back = tuple(self._free_goal(k))
            pace = self._pace(k)
            plan = [("out", out, pace), ("rest", away), ("out", back, pace), ("rest", 1)]
            mover.follow(plan, busy=True)
        elif rng.uniform() < habits.resting:
            mover.follow([("rest", int(rng.uniform(*habits.rest_s) * self.fps))])
        else:
            mover.follow([("run", tuple(self._free_goal(k)), self._pace(k))])

    def _pace(self, k: int) -> float:
        return float(self.rng.uniform(*self.habits[k].pace)) * self.movers[k].length / self.fps

    def _free_goal(self, k: int) -> np.ndarray:
        """A place to run to; a shy animal takes the draw whose way leads past nobody."""
        goals = self.rng.uniform(self.low, self.high, (8, 2))
        if self.inside is not None:
            goals = np.array([self.inside(goal) for goal in goals])
        if not self.habits[k].shy or len(self.movers) == 1:
            return goals[0]
        others = np.stack([m.middle() for i, m in enumerate(self.movers) if i != k])
        here = self.movers[k].nose
        way = here + np.linspace(0.15, 1, 8)[:, None, None] * (goals - here)  # (8 steps, 8, 2)
        clear = np.linalg.norm(way[:, :, None] - others, axis=-1).min(axis=(0, 2))
        return goals[np.argmax(clear)]

    # encounters

    def _arrange(self, longest_s: float) -> None:
        """Plan one encounter of two animals that are free and near."""
        free = [k for k, mover in enumerate(self.movers) if not mover.busy]
        pairs = [(a, b) for a in free for b in free if a != b and self.clock[a, b] == 0]
        if not pairs:
            return
        apart = [
            float(np.hypot(*(self.movers[a].nose - self.movers[b].middle()))) for a, b in pairs
        ]
        size = self.movers[0].length
        weight = np.exp(-np.array(apart) / (4 * size))
        a, b = pairs[int(self.rng.choice(len(pairs), p=weight / weight.sum()))]
        kinds = self.habits[a].encounters
        kind = kinds[int(self.rng.integers(len(kinds)))]
        short = self.rng.uniform() > LONG
        stay = self.rng.lognormal(0.2, 0.7) if short else self.rng.uniform(4, 10)
        stay_f = int(min(stay, 0.8 * longest_s) * self.fps)
        mine, others = self._plans(kind, a, b, stay_f)
        self.movers[a].follow(mine, busy=True)
        self.movers[b].follow(others, busy=True)
        self.movers[a].above, self.movers[b].above = 1.0, 0.0

    def _plans(self, kind: str, a: int, b: int, stay: int) -> tuple[list[tuple], list[tuple]]:
        """What the two do in an encounter of a kind; ``stay`` in frames."""
        one, two = self.movers[a], self.movers[b]
        way = two.middle() - one.middle()
        distance = max(float(np.hypot(*way)), 1.0)
        ahead = way / distance
        side = np.array([-ahead[1], ahead[0]]) * self.rng.normal(0, 0.12) * one.length
        pace, pace_b = self._pace(a), self._pace(b)
        come = int(1.3 * distance / pace) + int(0.6 * self.fps)
        after, after_b = self._away_from(a, b, pace), self._away_from(b, a, pace_b)
        if kind == "cross":
            beyond = tuple(two.middle() + ahead * one.length * 1.6 + side)
            back = tuple(one.middle() - ahead * two.length * 1.6 - side)
            return [("run", beyond, pace), after], [("run", back, pace_b), after_b]
        if kind == "over":
            beyond = tuple(two.middle() + ahead * one.length * 1.2)
            slow = max(one.length * 1.6 / max(stay, 1), 0.12 * pace)
            plan = [("to", b, 0.45, 0.0, pace), ("run", beyond, min(slow, pace)), after]
            return plan, [("rest", come + stay)]
        if kind == "bounce":
            plan = [("to", b, 0.05, 0.0, pace), ("rest", min(stay, int(self.fps)))]
            plan += [("back", int(0.5 * self.fps), 0.5 * pace), after]
            return plan, [("face", a, come), ("rest", stay // 2), after_b]
        if kind == "beside":
            plan = [("beside", b, 0, come, pace), ("beside", b, 0, stay, pace), after]
            return plan, [("rest", come + stay)]
        if kind == "walk together":
            goal = tuple(self._free_goal(b))
            walk = ("run", goal, 0.35 * pace_b)
            plan = [("beside", b, 0, come, pace), ("beside", b, 0, stay, pace), after]
            return plan, [("rest", come), walk, after_b]
        spot = float(self.rng.uniform(0.2, 0.9))
        plan = [
            ("to", b, spot, 0.2, pace),
            ("rest", stay),
            ("back", int(0.4 * self.fps), 0.4 * pace),
        ]
        return [*plan, after], [("rest", come + stay)]

    def _away_from(self, k: int, other: int, pace: float) -> tuple:
        """A run to a place far from somebody."""
        draws = self.rng.uniform(self.low, self.high, (5, 2))
        if self.inside is not None:
            draws = np.array([self.inside(draw) for draw in draws])
        far = np.hypot(*(draws - self.movers[other].middle()).T)
        return ("run", tuple(draws[np.argmax(far)]), pace)

    # one step of one animal

    def _move(self, k: int, mover: Mover) -> None:
        step = mover.plan[0]
        mover.since += 1
        done = getattr(self, "_" + step[0])(k, mover, *step[1:])
        if done:
            mover.plan.pop(0)
            mover.since = 0
            mover.busy = mover.busy and len(mover.plan) > 1  # its last step is its own again

    def _rest(self, k: int, mover: Mover, frames: int) -> bool:
        """Stay, with the small movements of somebody who looks around."""
        mover.speed *= 0.5
        sway = 0.02 * np.sin(mover.since * 7.0 / self.fps + 2.1 * k)
        self._advance(k, mover, mover.heading + sway, mover.speed)
        return mover.since >= frames

    def _run(self, k: int, mover: Mover, goal: tuple[float, float], pace: float) -> bool:
        return self._steer(k, mover, np.array(goal), pace) or mover.since > 6 * self.fps

    def _out(self, k: int, mover: Mover, goal: tuple[float, float], pace: float) -> bool:
        return self._steer(k, mover, np.array(goal), pace, bound=False) or (
            mover.since > 12 * self.fps
        )

    def _to(self, k: int, mover: Mover, other: int, spot: float, off: float, pace: float) -> bool:
        """Bring the nose to a spot along another's body, 0 its nose and 1 its tail base."""
        body = self.movers[other].joints[:BODY]
        place = body[round(spot * (BODY - 1))]
        away = mover.nose - place
        goal = place + away / max(float(np.hypot(*away)), 1.0) * off * mover.length * 0.5
        return self._steer(k, mover, goal, pace, near=0.12) or mover.since > 5 * self.fps

    def _beside(self, k: int, mover: Mover, other: int, _: int, frames: int, pace: float) -> bool:
        """Lie or walk along another's side, outlines just together."""
        them = self.movers[other]
        axis = them.joints[0] - them.joints[BODY - 1]
        across = np.array([-axis[1], axis[0]]) / max(float(np.hypot(*axis)), 1.0)
        left = np.sign((mover.middle() - them.middle()) @ across) or 1.0
        width = float(self.radii[k].max() + self.radii[other].max())
        goal = them.nose + across * left * 0.72 * width
        distance = float(np.hypot(*(goal - mover.nose)))
        if distance < 0.25 * mover.length:
            self._advance(k, mover, them.heading, min(distance * 0.3, pace))
        else:
            self._steer(k, mover, goal, min(pace, 0.12 * distance + 0.5))
        return mover.since >= frames

    def _face(self, k: int, mover: Mover, other: int, frames: int) -> bool:
        """Turn towards somebody who comes, and go a little to meet them."""
        goal = self.movers[other].nose
        near = float(np.hypot(*(goal - mover.nose))) < 0.3 * mover.length
        self._steer(k, mover, goal, 0.0 if near else 0.3 * mover.length / self.fps * 2)
        return mover.since >= frames

    def _back(self, k: int, mover: Mover, frames: int, pace: float) -> bool:
        """Back off along the own axis."""
        axis = mover.joints[0] - mover.joints[BODY - 1]
        step = axis / max(float(np.hypot(*axis)), 1.0) * pace
        moved = np.clip(mover.joints[0] - step, self.low, self.high) - mover.joints[0]
        mover.joints += moved
        mover.speed = 0.0
        return mover.since >= frames

    def _leave(self, k: int, mover: Mover, other: int) -> bool:
        """Walk away from somebody until there is a body length between the two."""
        if mover.since % int(self.fps) == 1 or mover.refuge is None:
            draws = self.rng.uniform(self.low, self.high, (24, 2))
            if self.inside is not None:
                draws = np.array([self.inside(draw) for draw in draws])
            others = np.stack([m.middle() for i, m in enumerate(self.movers) if i != k])
            away = draws - mover.middle()
            theirs = self.movers[other].middle() - mover.middle()
            angle = (away @ theirs) / (np.hypot(*away.T) * np.hypot(*theirs) + 1e-9)
            clear = np.linalg.norm(draws[:, None] - others, axis=-1).min(axis=1)
            mover.refuge = draws[np.argmax(clear / mover.length - 3 * angle)]
        pace = max(self.habits[k].pace) * mover.length / self.fps
        self._steer(k, mover, mover.refuge, pace)
        apart = float(np.hypot(*(mover.middle() - self.movers[other].middle())))
        return apart > 2.2 * mover.length or mover.since > 4 * self.fps

    def _steer(
        self, k: int, mover: Mover, goal: np.ndarray, pace: float, near: float = 0.25,
        bound: bool = True,
    ) -> bool:  # fmt: skip
        """Turn and run towards a place; True once the nose is there."""
        way = goal - mover.nose
        distance = float(np.hypot(*way))
        if distance < near * mover.length:
            return True
        wanted = float(np.arctan2(way[1], way[0]))
        turn = (wanted - mover.heading + np.pi) % (2 * np.pi) - np.pi
        slow = max(0.35, 1 - abs(turn) / 1.5)
        mover.speed += np.clip(pace * slow - mover.speed, -0.5 * pace - 0.5, 0.3 * pace)
        if self.habits[k].rigid:
            most = 6.0 / self.fps
        else:
            most = max(mover.speed, 0.3) / (self.habits[k].turn_radius * mover.length)
        heading = mover.heading + float(np.clip(turn, -most, most))
        self._advance(k, mover, heading, min(mover.speed, distance), bound)
        return False

    def _advance(
        self, k: int, mover: Mover, heading: float, step: float, bound: bool = True
    ) -> None:
        """Move the nose and let the rest of the body follow."""
        before = mover.joints[0].copy()
        nose = before + step * np.array([np.cos(heading), np.sin(heading)])
        if bound:
            nose = np.clip(nose, np.minimum(self.low, before), np.maximum(self.high, before))
            if self.inside is not None:
                nose = self.inside(nose)
        mover.heading = heading
        if self.habits[k].rigid:
            back = np.arange(BODY + TAIL) * (mover.length / (BODY - 1))
            ahead = np.array([np.cos(heading), np.sin(heading)])
            if mover.speed < 0.02 * mover.length:  # turning on the spot keeps the middle
                nose = mover.joints[BODY // 2] + ahead * back[BODY // 2]
            mover.joints[:] = nose - back[:, None] * ahead
            return
        moved = nose - before
        if step > 0.3 and float(np.hypot(*moved)) < 0.7 * step:  # along a wall
            mover.heading = float(np.arctan2(moved[1], moved[0]))
        mover.joints[0] = nose
        _draw_along(mover.joints, mover.heading, mover.length, self.habits[k].tail)


def _mover(spot: np.ndarray, heading: float, length: float, habits: Habits) -> Mover:
    ahead = np.array([np.cos(heading), np.sin(heading)])
    body = np.arange(BODY) * length / (BODY - 1)
    tail = length + np.arange(1, TAIL + 1) * max(habits.tail, 0.1) * length / TAIL
    back = np.concatenate([body, tail])[:, None]
    return Mover(length, spot + ahead * (length / 2 - back), heading)


def _draw_along(joints: np.ndarray, heading: float, length: float, tail: float) -> None:
    """Pull every joint after the one before it; joints (BODY + TAIL, 2) in place.

    No joint bends by more than BEND from the one before, the tail by twice as much.
    """
    body, behind = length / (BODY - 1), max(tail, 0.1) * length / TAIL
    points = joints.tolist()
    x, y = points[0]
    before = heading + math.pi
    for j in range(1, len(points)):
        most = BEND if j < BODY else 2 * BEND
        turn = math.atan2(points[j][1] - y, points[j][0] - x) - before
        turn = (turn + math.pi) % (2 * math.pi) - math.pi
        before += min(max(turn, -most), most)
        step = body if j < BODY else behind
        x, y = x + step * math.cos(before), y + step * math.sin(before)
        points[j] = [x, y]
    joints[:] = points
