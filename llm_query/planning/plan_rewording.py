"""Say "unless", "except when" and "the second time" in words that the planner reads."""

from __future__ import annotations

import re

from llm_query.planning.plan_slots import Refusal
from llm_query.planning.plan_units import TIME

ORDINALS = {
    2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth",
    9: "ninth", 10: "tenth",
}  # fmt: skip
_NUMBER = {word: k for k, word in ORDINALS.items()} | {
    f"{k}{'nd' if k == 2 else 'rd' if k == 3 else 'th'}": k for k in ORDINALS
}
NTH_TIME = re.compile(  # "for the second time", "the 3rd visit"; not "every second time"
    r"(?<!every )(?<!each )(?<!other )(?<!per )\b(?:for )?(?:(?:the|a|his|her|its) )?"
    rf"(?P<which>{'|'.join(_NUMBER)})(?: (?:time|occasion)\b(?! (?:bin|window|point|span|"
    r"interval|period|block|step|spent|in|at|on)\b)| (?P<what>visit|stay|entry|entrance|exit|"
    r"contact|approach|chase|bout|episode)\b(?! (?:bin|window|times?|durations?)\b))"
)
EXCEPT = re.compile(r"\b(?:unless|except (?:when|while|if)|except(?= (?:in|inside)\b))(?= )")
UNCLEAR_BEFORE = re.compile(r"\b(?:or|then|after|before|until|following)\b")
UNCLEAR_AFTER = re.compile(
    r"\b(?:and|or|nor|then|while|but|not|never|no|none|nobody|without|after|before|until|unless|"
    r"except|when|if|only|outside|cannot|all|any|both|every|each|either|neither|another|others?|"
    r"mice|rats|flies|animals|one|two|three|most|half|them|they)\b|n't\b|[,;.:]\s*\w|%"
)
LASTS = re.compile(
    r"^how long (?:does|did|do|will) (?P<what>.+?) last(?P<end>[?.!, ]*$| (?:on average|in|during|"
    r"for|before|after|between|per|each|when|while|within|over|throughout)\b.*$)"
)
ONE_OF_THEM = re.compile(rf"\b(?:first|last|longest|shortest|{'|'.join(_NUMBER)})\b")


def excepted(text: str) -> str:
    """Read "unless X" as "and not X" where X is one plain clause and ends the question.

    >>> excepted("how long is mouse 1 in the corner unless mouse 2 is in roi0?")
    'how long is mouse 1 in the corner and not mouse 2 is in roi0?'
    >>> excepted("in the corner unless mouse 2 is in roi0 or in roi1")
    'in the corner unless mouse 2 is in roi0 or in roi1'
    """
    found = EXCEPT.search(text)
    if found is None or not text[: found.start()].strip():
        return text
    before, after = text[: found.start()], text[found.end() :]
    if UNCLEAR_BEFORE.search(before) or UNCLEAR_AFTER.search(after):
        return text
    return f"{before}and not{after}"


def lasting(text: str) -> str:
    """Read the verb in "how long does the first visit last", which is not "the last visit".

    >>> lasting("how long does the first visit of mouse 1 to the corner last?")
    'how long is the first visit of mouse 1 to the corner?'
    """
    found = LASTS.match(text)
    if found is None:
        return text
    if not ONE_OF_THEM.search(found["what"]) and "on average" not in found["end"]:
        raise Refusal(
            "'last' could be about each time or all of them together. Ask for the mean duration of "
            "it, for its longest, or for its total time; each row of an answer has its duration."
        )
    return f"how long is {found['what']}{found['end']}"


def numbered_times(text: str) -> str:
    """Put one word for the number of a time or visit.

    >>> numbered_times("when did mouse 1 touch mouse 2 for the 2nd time?")
    'when did mouse 1 touch mouse 2 ordinal_2 ?'
    """
    found = NTH_TIME.search(text)
    if found is None:
        return text
    if re.match(r"(?:which|what|whose|who)\b(?! (?:is|was) the\b| time)", text):
        raise Refusal(
            f"'{found[0].strip()}' is counted of each animal by itself here, not among them all. "
            "Ask when it is: each row of the answer has its animal and time."
        )
    return NTH_TIME.sub(lambda m: f"ordinal_{_NUMBER[m['which']]} {m['what'] or ''}", text)


AMOUNT = r"\d+(?:\.\d+)?"
PARTS = (  # parts of the recording in other words
    (re.compile(r"\bhalf (?P<unit>minute|hour)\b"), r"0.5 \g<unit>"),
    (re.compile(rf"\bfrom (?P<unit>minute|second|hour) (?P<n>{AMOUNT}) (?:to|until|till) the end"
                r"(?: of the (?:video|recording|session|test|trial|experiment))?\b"),
     r"after \g<n> \g<unit>"),
    (re.compile(rf"\bfrom (?P<n>{AMOUNT} ?(?:{TIME})) (?:to|until|till) the end"
                r"(?: of the (?:video|recording|session|test|trial|experiment))?\b"),
     r"after \g<n>"),
    (re.compile(rf"\b(?:excluding|not counting|ignoring|leaving out) the first (?P<n>{AMOUNT} ?"
                rf"(?:{TIME}))\b"), r"after the first \g<n>"),
)  # fmt: skip
WITHOUT_END = re.compile(rf"\b(?:excluding|not counting|ignoring) the last {AMOUNT} ?(?:{TIME})\b")
NTH_PART = re.compile(
    rf"\b(?:in|during|over) the (?P<which>{'|'.join(_NUMBER)}) (?P<n>{AMOUNT}) ?"
    r"(?P<unit>s|sec|seconds|min|minutes)\b(?! (?:bin|interval|block)s?\b)"
)


def parts_said(text: str) -> str:
    """Say parts of the recording as the planner knows them.

    >>> parts_said("how long is mouse 1 in the corner in the second 20 s?")
    'how long is mouse 1 in the corner from 20 to 40 s?'
    >>> parts_said("how far did mouse 1 travel from minute 0.5 to the end?")
    'how far did mouse 1 travel after 0.5 minute?'
    """
    if late := WITHOUT_END.search(text):
        raise Refusal(
            f"'{late[0]}' is not known here. Say the part that is meant, for example: in the first "
            "60 s, or between 0 and 60 s."
        )
    for said, plain in PARTS:
        text = said.sub(plain, text)
    return NTH_PART.sub(_nth_part, text)


def _nth_part(match: re.Match[str]) -> str:
    k, n = _NUMBER[match["which"]], float(match["n"])
    return f"from {(k - 1) * n:g} to {k * n:g} {match['unit']}"
