"""`ethoscribe measures`: the words of analysis code, one line each or one in full."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import JsonOption, say, show, show_json
from app.errors import AppError

if TYPE_CHECKING:
    from llm_query.word_help import Entry

SURE = 60  # of 100: below that, a name that is offered instead is of no help


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(measures)


def measures(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One word; without it, all of them.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what can be measured: every word by topic, or one with its help and example.

    The same, with everything, is the page docs/measures.md.

    \b
    Example:
      ethoscribe measures
      ethoscribe measures freezing
      ethoscribe measures speed --json
    """
    from llm_query.reference import plain_text
    from llm_query.word_help import entries

    every = entries()
    if name is None:
        if as_json:
            show_json([as_record(entry) for entry in every])
        else:
            _list(every)
        return
    entry = find_word(every, name)
    if as_json:
        show_json(as_record(entry))
        return
    if (asked := as_name(name)) != entry.name:
        from llm_query.statistics.methods import describe_measure

        show(f"{describe_measure(asked)}\n")
    show(plain_text(entry))


def exported_words() -> dict[str, str]:
    """By the name of an exported measure, the word that computes it."""
    states = ("moving", "immobile", "freezing")
    found = {f"time_{name}": name for name in states} | {f"{name}_bouts": name for name in states}
    for name in ("time_in_region", "share_of_time", "visits", "mean_visit", "longest_visit"):
        found[name] = "in_region"
    found |= dict.fromkeys(("latency", "latency_censored", "latency_watched"), "in_region")
    return {
        **found, "entries": "enters", "exits": "leaves",
        "mean_distance_to_region": "distance_to_region",
        "mean_nearest_neighbour_distance": "nearest_neighbour_distance",
    }  # fmt: skip


def as_name(name: str) -> str:
    """A name as code spells it."""
    return name.strip().removesuffix("()").replace("-", "_").replace(" ", "_").lower()


def as_record(entry: "Entry") -> dict[str, Any]:
    """One word as a plain object: its name first, and all that its help says."""
    return asdict(entry)


def find_word(every: "list[Entry]", name: str) -> "Entry":
    """The word of this name; an unknown one is an error that offers the nearest names."""
    known = {entry.name: entry for entry in every}
    asked = as_name(name)
    if asked in known:
        return known[asked]
    if (word := exported_words().get(asked)) in known:
        return known[word]
    raise AppError(f"There is no measure {name!r}. {offer(asked, list(known))}")


def offer(asked: str, names: list[str]) -> str:
    """Say which names may have been meant."""
    from rapidfuzz import fuzz, process

    nearest = process.extract(asked, names, scorer=fuzz.WRatio, limit=3, score_cutoff=SURE)
    if not nearest:
        return "`ethoscribe measures` lists them all."
    *others, last = [found for found, _, _ in nearest]
    return f"Did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def _list(every: "list[Entry]") -> None:
    """Print one line per word under its topic's name."""
    widest = max(len(entry.name) for entry in every)
    topic = ""
    for entry in every:
        if entry.topic != topic:
            show(f"{entry.topic}" if not topic else f"\n{entry.topic}")
            topic = entry.topic
        show(f"  {entry.name:{widest}}  {entry.summary}")
    say(f"\n{len(every)} words. One in full: ethoscribe measures {every[0].name}")
