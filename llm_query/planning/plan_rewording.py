"""Say "unless", "except when" and "the second time" in words that the planner reads."""

from __future__ import annotations

import re

from llm_query.planning.plan_slots import Refusal

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
