"""Say in a sentence what an animal did: "mouse1 and mouse2 were in contact 3 times, ..."."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LIMIT = r"\S+ (?:body lengths|\S+)(?: \(.+\))?"  # "3 cm", "2 body lengths (nose to nose)"
JOIN = re.compile(r" (and|or|then|while) ")
LASTING = re.compile(
    r"(?: for (?:at least|at most|more than|less than)| within) \S+ (?:s|frame)$"
    r"| for the (?:second|third|\w+th) time$"
)
GROUP = re.compile(
    r"(?P<who>nobody|anybody|(?:exactly|at least|at most) \d+ animals?) (?P<does>.+)"
)
# How a behaviour's name is said: pattern, verb, words, and what links it to its target. "=" marks
# what both do, so that a pair is the subject; a region's name is written {the}.
SAID = tuple(
    (re.compile(pattern), verb, words, link)
    for pattern, verb, words, link in (
        (r"(?:contact|touching)$", "was", "in contact", "=with"),
        (r"facing each other$", "was", "facing each other", "=with"),
        (r"near$", "was", "near", ""),
        (r"facing$", "was", "facing", ""),
        (r"chas(?:e|ing)$", "was", "chasing", ""),
        (r"follow(?:ing)?$", "was", "following", ""),
        (r"approach(?:ing)?$", "was", "approaching", ""),
        (r"(immobile|freezing|moving|rearing|grooming|asleep)$", "was", r"\1", None),
        (r"huddle$", "was", "in a huddle", "with"),
        (r"(in|outside|facing|left of|right of|above|below) (.+)", "was", r"\1 {the}\2", None),
        (r"enters (.+)", "", r"entered {the}\1", None),
        (r"leaves (.+)", "", r"left {the}\1", None),
        (r"at least (\S+ \S+/\S+)$", "was", r"moving at \1 or more", None),
        (r"at most (\S+ \S+/\S+)$", "was", r"moving at \1 or less", None),
        (r"((?:slower|faster) than .+)", "was", r"\1", None),
        (r"(.+ (?:to|of|from) the wall)$", "was", r"\1", None),
        (rf"(closer than {LIMIT})$", "was", r"\1", "to"),
        (rf"(within {LIMIT})$", "was", r"\1", "of"),
        (rf"((?:farther than|at least) {LIMIT})$", "was", r"\1", "from"),
        (r"((?:closer than|within|farther than|at least) .+ )(to|of|from) (?!the wall)(.+)", "was",
         r"\1\2 {the}\3", None),
        (r"head angle (.+)", "had", r"a head angle of \1", "to"),
        (r"(body length|nearest neighbour distance) (.+)", "had", r"a \1 of \2", None),
        (r"(\S+) to (\S+) (.+) apart$", "had", r"\1 and \2 \3 apart", None),
        (r"not (.+)", "was", r"not \1", None),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Clause:
    """One part of what is said: the verb, the words after it, and how a target is joined on."""

    verb: str  # "was", "had" or "" for "entered ..."
    words: str
    link: str | None = None  # None takes no target; "=with" is something both do


def sentence(
    row: dict[str, Any], also: Sequence[str] = (), whole: str = "the recording", which: str = ""
) -> str:
    """Say one subject's (and target's) numbers; whole: what the percentage is of.

    also: what else to say, as latency_s. which: "first" or "last" where only that one was kept.

    >>> row = {"behaviour": "in corner", "subject": "mouse1", "target": None, "kind": "state"}
    >>> sentence(row | {"count": 1, "total_s": 3.5, "percent": 58.33})
    'mouse1 was in the corner once, for 3.50 s (58.3 % of the recording).'
    >>> sentence(row | {"count": 0, "watched_s": 6.0}, also=["latency_s"])
    'mouse1 was never in the corner (censored at 6.0 s).'
    >>> sentence(row | {"count": float("nan"), "seen": False})
    "mouse1 was never seen so that 'in corner' could be told."
    """
    if not row.get("seen", True):
        return _unseen(row, whole)
    done = said(row["behaviour"], row["subject"], row["target"], never=not row["count"])
    if not row["count"] and row.get("proxy"):
        return _not_found(row, also, whole)
    if not row["count"]:
        since = f" after {seconds(row['from_s'])}" if row.get("from_s") else ""
        how_long = f"{row['watched_s']:.1f} s{since}"
        censored = f" (censored at {how_long})" if "latency_s" in also else ""
        return f"{done}{censored}."
    point = row["kind"] == "point"
    if which:
        counted_from = "latency_s" in also or row.get("from_s")
        start = _latency(row) if counted_from else f"at {seconds(row['at_s'])}"
        lasted = "" if point else f", for {seconds(row['total_s'])}"
        return f"{done} for the {which} time {start}{lasted}."
    text = f"{done} {counted(row['count'])}"
    if point:
        first = "first " if row["count"] > 1 else ""
        return f"{text}, {first}{_latency(row)}."
    length = seconds(row["total_s"])
    text += f", for {length}" if row["count"] == 1 else f", {length} in total"
    text += f" ({percent(row['percent'])} of {whole})"
    more = [_more(word, row) for word in also if word in MORE]
    return ", ".join([text, *(m for m in more if m)]) + "."


def _not_found(row: dict[str, Any], also: Sequence[str], whole: str) -> str:
    """Say that a proxy found nothing, which is not that it never happened.

    >>> row = {"behaviour": "rearing", "subject": "m", "target": None, "proxy": "short (proxy)"}
    >>> _not_found(row, (), "the recording")
    'No bouts of rearing by m were found (judged by a proxy: short).'
    """
    rule = re.sub(r" *\(proxy.*?\)", "", row["proxy"])
    judged = "by the same proxy" if rule == "the same" else f"judged by a proxy: {spelled(rule)}"
    censored = f", censored at {row['watched_s']:.1f} s" if "latency_s" in also else ""
    part = f" in {whole}" if whole != "the recording" else ""
    what = f"{row['behaviour']} by {row['subject']}"
    return f"No bouts of {what} were found{part} ({judged}{censored})."


SPELLED = ((">=", "at least"), ("<=", "at most"), (" < ", " below "), (" > ", " above "))


def spelled(rule: str) -> str:
    """A rule without mathematical signs.

    >>> spelled("speed of centre < 5 cm/s over 0.2 s, for >= 0.3 s")
    'speed of centre below 5 cm/s over 0.2 s, for at least 0.3 s'
    """
    for sign, words in SPELLED:
        rule = rule.replace(sign, words)
    return rule


def _unseen(row: dict[str, Any], whole: str) -> str:
    """Say that nobody knows, since there is no frame in which it could be told."""
    who = [*row["subject"].split("+"), *filter(None, (row["target"] or "").split("+"))]
    were = "was" if len(who) == 1 else "were"
    part = f" in {whole}" if whole != "the recording" else ""
    what = f"'{row['behaviour']}'" if row["behaviour"] else "it"
    return f"{' and '.join(who)} {were} never seen{part} so that {what} could be told."


MORE = {
    "latency_s": "first {}", "mean_s": "{} each on average", "longest_s": "the longest {}",
    "shortest_s": "the shortest {}", "frames": "in {} frames",
}  # fmt: skip


def _more(word: str, row: dict[str, Any]) -> str:
    if row["count"] == 1 and word in ("mean_s", "longest_s", "shortest_s"):
        return ""  # the only one has been said
    if word == "latency_s":
        return _latency(row) if row["count"] == 1 else MORE[word].format(_latency(row))
    return MORE[word].format(row[word] if word == "frames" else seconds(row[word]))


def _latency(row: dict[str, Any]) -> str:
    """Say when it first happened, and from when that counts where it is not the start.

    >>> _latency({"latency_s": 15.98, "from_s": 20.02, "at_s": 36.0})
    '15.98 s after 20.02 s, at 36.00 s'
    """
    if not row.get("from_s"):
        return f"after {seconds(row['latency_s'])}"
    waited, since = seconds(row["latency_s"]), seconds(row["from_s"])
    return f"{waited} after {since}, at {seconds(row['at_s'])}"


def said(behaviour: str, subject: str, target: str | None = None, *, never: bool = False) -> str:
    """Say who did it: "mouse1 was chasing mouse2"; a name nobody knows is quoted as it is.

    >>> said("touching", "mouse1", "mouse2", never=True)
    'mouse1 and mouse2 were never in contact'
    """
    lasting = LASTING.search(behaviour)
    name = behaviour[: lasting.start()] if lasting else behaviour
    group = GROUP.match(name) if "+" in subject else None
    if group:
        return _of_group(group, never) + (lasting[0] + "," * (not never) if lasting else "")
    subject = " and ".join(subject.split("+"))
    targets = [who for who in (target or "").split("+") if who]
    clauses = _clauses(name, targets)
    if not clauses:
        partner = f" with {' and '.join(targets)}" if target else ""
        did = f'did "{behaviour}"' if behaviour else "did it"
        return f"{subject} {'never ' if never else ''}{did}{partner}"
    free = [who for who in targets if not re.search(rf"\b{re.escape(who)}\b", name)]
    other = " and ".join(free or targets)
    if len(clauses) == 1 and other and (clauses[0][1].link or "")[:1] == "=":
        subject, other = f"{subject} and {other}", ""
    joint = len(clauses) == 2 and clauses[1][0] != "while"
    if joint and free and not any(c.link is not None for _, c in clauses):
        clauses[1] = ("while", Clause("", _whole(clauses[1][1], other)))
    return _spoken(subject, clauses, other, never) + (
        lasting[0] + "," * (not never) if lasting else ""
    )


def _of_group(group: re.Match[str], never: bool) -> str:
    """Say a state of the group: "exactly 2 animals were in the centre"."""
    how_many, does = group["who"], group["does"]
    clause = _clause(does) or Clause("was", does)
    verb = "were" if how_many.endswith("s") and clause.verb == "was" else clause.verb
    text = " ".join(filter(None, (how_many, verb, clause.words)))
    return f"It was never so that {text}" if never else text[0].upper() + text[1:]


def _clauses(name: str, targets: Sequence[str]) -> list[tuple[str, Clause]]:
    """Split a name at its joining words; unknown words go on with what stands before."""
    pieces = JOIN.split(name)
    found: list[tuple[str, Clause]] = []
    for word, piece in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        clause = _other_clause(piece) if word == "while" else _clause(piece, targets)
        if clause is None and not found:
            return []
        found.append((word, clause or Clause(found[-1][1].verb, piece)))
    return found


def _other_clause(piece: str) -> Clause:
    """Say what somebody else did meanwhile: "mouse2 in corner"."""
    who, _, rest = piece.partition(" ")
    clause = _clause(rest)
    return Clause("", _whole(clause, who) if clause else piece)


def _clause(piece: str, targets: Sequence[str] = ()) -> Clause | None:
    for who in targets:  # "touching mouse2": a target that the name says itself
        if piece.endswith(f" {who}"):
            bare = re.sub(r" (to|of|from)$", "", piece.removesuffix(f" {who}"))
            clause = _clause(bare)
            if clause and clause.link is not None:
                words = " ".join(filter(None, (clause.words, clause.link.lstrip("="), who)))
                return Clause(clause.verb, words)
    for pattern, verb, template, joins in SAID:
        match = pattern.match(piece)
        if match:
            inner = _clause(match[1], targets) if template.startswith("not ") else None
            if inner is not None:
                return Clause(inner.verb, f"not {inner.words}", inner.link)
            return Clause(verb, _with_articles(match.expand(template)), joins)
    return None


def _with_articles(text: str) -> str:
    """Write "the" before a region's name, but not before one with a number, as ROI0."""
    before, mark, name = text.partition("{the}")
    numbered = re.search(r"\d", name) or name.startswith(("the ", "another "))
    return f"{before}{'the ' if mark and not numbered else ''}{name}"


def _spoken(subject: str, clauses: list[tuple[str, Clause]], other: str, never: bool) -> str:
    text, verb = subject, ""
    for number, (word, clause) in enumerate(clauses):
        if number:
            text += f" {'and then' if word == 'then' else word}"
        if clause.verb != verb and clause.verb:
            plural = clause.verb == "was" and " and " in subject and not number
            text += " were" if plural else f" {clause.verb}"
        if never and not number:
            text = f"{subject} never had" if clause.verb == "had" else f"{text} never"
        verb = clause.verb if word != "while" else verb
        text += f" {clause.words}"
        nobody = clause.words.startswith("not ") and not other
        other = "any other" if nobody and clause.link is not None else other
        if clause.link is not None and other:
            text += f" {clause.link.lstrip('=')} {other}".replace("  ", " ")
    return text


def _whole(clause: Clause, who: str) -> str:
    verb = f" {clause.verb}" if clause.verb else ""
    return f"{who}{verb} {clause.words}"


def counted(n: int) -> str:
    """Say how often: "once", "4 times"."""
    return "never" if n == 0 else "once" if n == 1 else f"{n} times"


def seconds(value: float) -> str:
    """Say a time: 0.667 s, 3.50 s, 437.5 s; a frame of ordinary video stays visible."""
    return f"{value:.{3 if abs(value) < 1 else 2 if abs(value) < 100 else 1}f} s"


def percent(value: float) -> str:
    """Say a share; what is small is not said to be nothing.

    >>> percent(25.4), percent(0.012), percent(0)
    ('25.4 %', '0.012 %', '0.0 %')
    """
    return f"{value:.2g} %" if 0 < value < 0.1 else f"{value:.1f} %"
