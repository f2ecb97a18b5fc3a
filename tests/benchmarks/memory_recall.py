"""Definitions needed up to 199 turns later: the study's memory against two simpler ones.

Conversations of 200 turns are made from what people define and ask (memory_corpus.txt): a person
defines behaviours, redefines some, asks about other things, and needs a definition again by its
symbol, its name, an inflection, another name, a description that does not say the name, or two at
once. A prompt of 4,000 tokens must hold the latest meaning of what is needed, and no older one.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from llm_query.memory import window
from llm_query.remembering.definitions import Definition, Turn, estimate_tokens
from llm_query.remembering.recall import chain, find_name, latest, mentioned, recall
from llm_query.remembering.spoken_definitions import read_definition

SEEDS, TURNS, CONTEXT = 20, 200, 4000  # conversations, turns each, tokens
INSTRUCTIONS, REPLY, HANDBOOK = 1200, 800, 600  # tokens of the context that are spoken for
CONCEPTS, REDEFINED, PROBES = 16, 6, 80  # in one conversation
KINDS = ("symbol", "word", "inflection", "alias", "description", "two")
NAMED = ("symbol", "word", "inflection", "alias")
HERE = Path(__file__).parent

DEFINING = (
    "Define <|{name}|> as {text}. It is also called {alias}.",
    'define "{name}" as a behavior where {text}; another word for it is {alias}',
    "{name} means: {text}, also known as {alias}",
    "Let us define {name} as an event in which {text}. It is also called {alias}.",
    "By {name} I mean {text}, alias {alias}.",
)
ASKING = (
    "How often is there {x} in the first ten minutes?", "count {x} per mouse",
    "when did {x} begin near object 2?", "How much time is {x} in total for mouse1?",
    "plot {x} of both animals over the session", "is there more {x} in the dark?",
    "Give me the start times of {x}", "mean duration of {x} by treatment group",
    "which animal has the most {x}?", "{x}: how many bouts, and how long?",
)  # fmt: skip
ASKING_TWO = (
    "How often does {x} come right after {y}?", "Count {x} without {y}",
    "time of {x} while there is {y}", "do {x} and {y} happen in the same chamber?",
)  # fmt: skip
ENDINGS = ("", "", "", " Only the last ten minutes.", " For mouse1, please.", " Plot it, too.")
CODE = """def analyse(recording):
    bouts = {name}(recording, "mouse{k}", min_duration_s={a}, max_gap_s=0.{b})
    inside = in_region(recording, "mouse{k}", "zone {b}")
    return summarise(bouts & inside, within=(0, {a}0))"""


@dataclass(frozen=True)
class Concept:
    """What somebody might define, and the ways to ask for it."""

    name: str
    alias: str
    forms: tuple[str, ...]
    meanings: tuple[str, ...]
    descriptions: tuple[tuple[str, str], ...]  # the meanings that it describes ("12"), and how
    needs: str | None = None


@dataclass(frozen=True)
class Probe:
    """A question that needs definitions, asked so many turns after they were given."""

    kind: str
    question: str
    names: tuple[str, ...]


@dataclass
class Score:
    """What one memory did with the probes; every list has one value per probe."""

    kinds: list[str] = field(default_factory=list)
    concepts: list[tuple[str, ...]] = field(default_factory=list)
    distances: list[int] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)  # tokens of recalled definitions
    stale: int = 0
    over_budget: int = 0
    idle_costs: list[int] = field(default_factory=list)  # of questions that need no definition
    missed: list[str] = field(default_factory=list)

    def recall(self, kind: str | None = None, from_turns: int = 0) -> float:
        """Share of the probes that had all they needed."""
        chosen = [
            hit
            for hit, one, distance in zip(self.hits, self.kinds, self.distances, strict=True)
            if kind in (None, one) and distance >= from_turns
        ]
        return sum(chosen) / len(chosen)


@cache
def concepts() -> tuple[Concept, ...]:
    """Read memory_corpus.txt."""
    found: list[Concept] = []
    head, meanings, descriptions, needs = "", [], [], None
    for line in [*(HERE / "memory_corpus.txt").read_text(encoding="utf-8").splitlines(), "end"]:
        sign, rest = line[0], line[2:]
        if sign == "=":
            meanings.append(rest)
        elif sign == "?":
            which, _, question = line[1:].partition(" ")
            descriptions.append((which, question))
        elif sign == ">":
            needs = rest
        elif sign != "#":
            if head:
                name, alias, forms = (part.strip() for part in head.split("|"))
                spoken = tuple(form.strip() for form in forms.split(","))
                found.append(
                    Concept(name, alias, spoken, tuple(meanings), tuple(descriptions), needs)
                )
            head, meanings, descriptions, needs = line, [], [], None
    return tuple(found)


@cache
def distractors() -> tuple[str, ...]:
    """Read memory_distractors.txt: questions that need no definition."""
    return tuple((HERE / "memory_distractors.txt").read_text(encoding="utf-8").splitlines())


@cache
def unseen() -> tuple[tuple[str, int, str], ...]:
    """Read memory_unseen.txt: a definition, the number of its meaning, and a question."""
    lines = (HERE / "memory_unseen.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.split("|", 2) for line in lines if not line.startswith("#")]
    return tuple((name, int(which), said) for name, which, said in parts)


def recall_unseen(seeds: Sequence[int], size: int = CONCEPTS) -> tuple[float, float, list[str]]:
    """Recall of descriptions nobody fitted anything to: share, median tokens, what was missed.

    size: definitions in the handbook, the one that is meant among them.
    """
    hits, costs, missed = [], [], []
    for seed in seeds:
        for number, (name, which, question) in enumerate(unseen()):
            chance = random.Random(1000 * seed + number)
            current = _handbook(name, which, size, chance)
            found = recall(question, current, HANDBOOK)
            hits.append(any(one.name == name for one in found))
            costs.append(sum(estimate_tokens(one.as_prompt()) + 1 for one in found))
            if not hits[-1]:
                missed.append(f"{name}: {question} -> {[one.name for one in found]}")
    return sum(hits) / len(hits), statistics.median(costs), missed


def _handbook(name: str, which: int, size: int, chance: random.Random) -> list[Definition]:
    """Definitions in any order, with one of their meanings each; `name` has its which-th."""
    named = {one.name: one for one in concepts()}
    others = chance.sample([one for one in concepts() if one.name != name], size - 1)
    kept: list[Definition] = []
    for one in chance.sample([named[name], *others], size):
        meaning = which - 1 if one.name == name else chance.randrange(len(one.meanings))
        text = one.meanings[meaning].format(a=chance.randint(2, 60), b=chance.randint(1, 9))
        kept.append(Definition(one.name, (one.alias,), text))
    return kept


class Conversation:
    """200 turns of one person, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        chosen = self.random.sample(concepts(), CONCEPTS)
        named = {one.name: one for one in concepts()}
        for one in [one for one in chosen if one.needs]:
            if named[one.needs] not in chosen:
                chosen.append(named[one.needs])
        self.concepts = sorted(chosen, key=lambda one: one.needs is not None)
        self.handbook: dict[str, list[Definition]] = {}
        self.meaning: dict[str, str] = {}  # which of its meanings holds
        self.given: dict[str, int] = {}  # the turn of the latest definition
        self.turns: list[Turn] = []
        self.plan = self._plan()

    def _plan(self) -> dict[int, Concept | str]:
        """What happens at which turn: a concept is (re)defined, or a probe."""
        early = sorted(self.random.sample(range(1, 30), len(self.concepts) - 1))
        plan: dict[int, Concept | str] = dict(zip([0, *early], self.concepts, strict=True))
        free = [turn for turn in range(40, TURNS - 1)]
        for one in self.random.sample(self.concepts[1:], REDEFINED):
            turn = self.random.choice([turn for turn in free[:100] if turn not in plan])
            plan[turn] = one
            soon = [later for later in range(turn + 1, turn + 9) if later not in plan]
            if self.random.random() < 0.5:  # "no, make it 30"
                plan[self.random.choice(soon)] = one
        late = [turn for turn in free if turn not in plan]
        weights = [1 + 2 * (turn >= 150) for turn in late]
        keyed = sorted(
            zip(late, weights, strict=True), key=lambda tw: -(self.random.random() ** (1 / tw[1]))
        )
        for turn, _ in keyed[: PROBES - 1]:
            plan[turn] = "probe"
        plan[TURNS - 1] = "probe"
        return plan

    def say(self, turn: int) -> str | Probe:
        """What the person says; a definition is kept at once."""
        step = self.plan.get(turn)
        if isinstance(step, Concept):
            return self.define(step, turn)
        if step == "probe":
            return self.probe(turn)
        return self.random.choice(distractors())

    def define(self, concept: Concept, turn: int) -> str:
        """Define a concept, or define it anew with other words or numbers."""
        before = self.handbook.setdefault(concept.name, [])
        text = before[-1].text if before else ""
        while not text or any(text == one.text for one in before):
            a, b = self.random.randint(2, 60), self.random.randint(1, 9)
            which = self.random.randrange(len(concept.meanings))
            text = concept.meanings[which].format(a=a, b=b)
        self.meaning[concept.name] = str(which + 1)
        sentence = self.random.choice(DEFINING)
        said = sentence.format(name=concept.name, alias=concept.alias, text=text)
        spoken = read_definition(said)
        if spoken is None:
            raise ValueError(f"not understood as a definition: {said}")
        known = latest([one[-1] for one in self.handbook.values() if one])
        needs = tuple(one.name for one in mentioned(text, known) if one.name != concept.name)
        before.append(
            Definition(
                spoken.name, spoken.aliases, spoken.text, "", {}, needs, version=len(before) + 1
            )
        )
        self.given[concept.name] = turn
        return said

    def probe(self, turn: int) -> Probe:
        """Ask for something defined before; the last turn needs what the first one said."""
        kind = self.random.choice(KINDS)
        first = self.concepts[0] if turn == TURNS - 1 else self.random.choice(self.concepts)
        if kind != "two":
            return Probe(kind, self._ask(first, kind), (first.name,))
        other = self.random.choice([one for one in self.concepts if one is not first])
        x = self._call(first, self.random.choice(NAMED))
        other_kind = self.random.choice((*NAMED, "description"))
        if other_kind == "description":
            question = f"{self._ask(first, 'word')} {self._describe(other)}"
        else:
            sentence = self.random.choice(ASKING_TWO)
            question = sentence.format(x=x, y=self._call(other, other_kind))
        return Probe("two", question, (first.name, other.name))

    def _ask(self, concept: Concept, kind: str) -> str:
        if kind == "description":
            question = self._describe(concept)
        else:
            question = self.random.choice(ASKING).format(x=self._call(concept, kind))
        return question + self.random.choice(ENDINGS)

    def _describe(self, concept: Concept) -> str:
        holds = self.meaning[concept.name]
        return self.random.choice([said for which, said in concept.descriptions if holds in which])

    def _call(self, concept: Concept, kind: str) -> str:
        if kind == "symbol":
            return f"<|{concept.name}|>"
        if kind == "inflection":
            return self.random.choice(concept.forms)
        return {"word": concept.name, "alias": concept.alias}[kind]

    def answer(self, said: str | Probe, turn: int) -> Turn:
        """The turn as the study keeps it."""
        question = said.question if isinstance(said, Probe) else said
        names = said.names if isinstance(said, Probe) else ()
        if isinstance(self.plan.get(turn), Concept):
            names = (self.plan[turn].name,)  # type: ignore[union-attr]
        used = tuple((name, self.handbook[name][-1].version) for name in names)
        a, b = self.random.randint(1, 60), self.random.randint(1, 9)
        code = CODE.format(name=(names or ("speed",))[0].replace(" ", "_"), k=1 + b % 3, a=a, b=b)
        return Turn(question, f"mouse{1 + b % 3}: {b} times, {a}.{b} s in total.", code, used)

    def current(self) -> list[Definition]:
        """The latest versions."""
        return [versions[-1] for versions in self.handbook.values()]

    def old(self) -> list[str]:
        """The meanings that hold no longer."""
        return [one.text for versions in self.handbook.values() for one in versions[:-1]]


# A memory gives the definitions and the turns that go into the prompt.
Memory = Callable[[str, Conversation], tuple[Sequence[Definition], Sequence[Turn]]]


def our_memory(question: str, talk: Conversation) -> tuple[list[Definition], list[Turn]]:
    """Recall from the handbook, and as many turns as then fit."""
    current = talk.current()
    found = recall(question, current, HANDBOOK, talk.turns)
    spent = sum(estimate_tokens(one.as_prompt()) + 1 for one in found)
    return found, window(talk.turns, _left(question) - spent, current)


def window_only(question: str, talk: Conversation) -> tuple[list[Definition], list[Turn]]:
    """As many of the last turns as fit."""
    return [], window(talk.turns, _left(question))


def two_turns(question: str, talk: Conversation) -> tuple[list[Definition], list[Turn]]:
    """The last two turns, as AmadeusGPT 0.1.3 keeps them."""
    return [], window(talk.turns[-2:], _left(question))


def symbols_only(question: str, talk: Conversation) -> tuple[list[Definition], list[Turn]]:
    """What is written as a symbol, as the AmadeusGPT paper has it, and the last two turns."""
    found = [one for one in talk.current() if f"<|{one.name}|>" in question]
    return found, window(talk.turns[-2:], _left(question) - HANDBOOK)


MEMORIES: dict[str, Memory] = {
    "handbook and window": our_memory,
    "window only": window_only,
    "two turns": two_turns,
    "symbols, two turns": symbols_only,
}


def _left(question: str) -> int:
    return CONTEXT - INSTRUCTIONS - REPLY - estimate_tokens(question) - 1


def play(seed: int, memories: dict[str, Memory], scores: dict[str, Score]) -> None:
    """Hold one conversation and score what every memory puts into the prompts."""
    talk = Conversation(seed)
    for turn in range(TURNS):
        said = talk.say(turn)
        if not isinstance(talk.plan.get(turn), Concept):
            for name, memory in memories.items():
                _score(scores[name], memory, said, talk, turn)
        talk.turns.append(talk.answer(said, turn))


def _score(score: Score, memory: Memory, said: str | Probe, talk: Conversation, turn: int) -> None:
    question = said.question if isinstance(said, Probe) else said
    found, turns = memory(question, talk)
    prompt = "\n".join([*(one.as_prompt() for one in found), *(one.as_prompt() for one in turns)])
    cost = sum(estimate_tokens(one.as_prompt()) + 1 for one in found)
    score.over_budget += estimate_tokens(prompt) > _left(question)
    score.stale += any(text in prompt for text in talk.old())
    if not isinstance(said, Probe):
        score.idle_costs.append(cost)
        return
    current = talk.current()
    wanted = [
        needed
        for name in said.names
        for needed in chain(find_name(name, current) or current[0], current)
    ]
    score.kinds.append(said.kind)
    score.concepts.append(said.names)
    score.distances.append(turn - min(talk.given[name] for name in said.names))
    score.hits.append(all(one.text in prompt for one in wanted))
    score.costs.append(cost)
    if not score.hits[-1]:
        score.missed.append(f"{said.names}: {question} -> {[one.name for one in found]}")


def measure(seeds: Sequence[int], names: Sequence[str] = tuple(MEMORIES)) -> dict[str, Score]:
    """Score memories over several conversations."""
    scores = {name: Score() for name in names}
    for seed in seeds:
        play(seed, {name: MEMORIES[name] for name in names}, scores)
    return scores


def main() -> None:
    """Print recall by kind and distance, stale and overfull prompts, and the price in tokens."""
    scores = measure(range(SEEDS))
    first = scores["handbook and window"]
    far = sum(distance >= 150 for distance in first.distances)
    print(
        f"definitions recalled, {SEEDS} conversations of {TURNS} turns in {CONTEXT} tokens, "
        f"{len(first.hits)} probes, {far} at 150 turns or more, up to {max(first.distances)}"
    )
    head = ["all", "150+", *KINDS, "stale", "over", "tokens", "idle"]
    print(f"{'':<22}" + "".join(f"{name:>12}" for name in head))
    for name, one in scores.items():
        shares = [one.recall(), one.recall(from_turns=150), *(one.recall(k) for k in KINDS)]
        numbers = [one.stale, one.over_budget, statistics.median(one.costs)]
        print(
            f"{name:<22}"
            + "".join(f"{share:>11.1%} " for share in shares)[:-1]
            + "".join(f"{number:>12g}" for number in numbers)
            + f"{statistics.mean(one.idle_costs):>12.1f}"
        )
    for size in (CONCEPTS, len(concepts())):
        share, tokens, _ = recall_unseen(range(3), size)
        print(f"{len(unseen())} descriptions never looked at, {size} definitions: {share:.1%}, "
              f"median {tokens:g} tokens")  # fmt: skip


if __name__ == "__main__":
    main()
