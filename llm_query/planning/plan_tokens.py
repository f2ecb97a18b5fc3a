"""Turn the words of a question into tokens: names of this study, quantities, known phrases."""

from __future__ import annotations

import re
from dataclasses import replace

from llm_query.planning.plan_lexicon import (
    BODY_WORDS,
    GENERIC_REGION,
    SOFT_WORDS,
    STOP_WORDS,
    SUBJECT_NOUNS,
    phrases,
)
from llm_query.planning.plan_mending import mend
from llm_query.planning.plan_names import PUNCTUATION, Names, norm, plain_numbers, tidy
from llm_query.planning.plan_rewording import excepted, lasting, numbered_times, parts_said
from llm_query.planning.plan_slots import Context, Refusal, Token, Window
from llm_query.planning.plan_units import LENGTH, ONE_LENGTH, QUANTITY, read_quantity, read_windows

WORD = re.compile(
    r"[<>]=|[<>≤≥=]|\d+(?:\.\d+)?|[^\W\d][\w]*(?:[-'][^\W\d]\w*)*'?|[-−+*/%°&#.,;:()\[\]?!]|\S"
)
LONGEST = 8
MEANINGS = (
    "doing",
    "chase",
    "contact",
    "facing",
    "immobile",
    "explore",
    "move",
    "near",
)  # a study's
# own meaning of these words goes before that of the vocabulary
NUMBERED_PLACE = re.compile(r"(?:roi|region|zone|object|area|arm|place|chamber|compartment)s?\d+$")


def lex(question: str, context: Context) -> tuple[list[Token], list[Window], Names]:
    """Give the tokens of a question in order, stop words included (kind "stop")."""
    text = numbered_times(excepted(lasting(plain_numbers(tidy(question), context))))
    text = parts_said(ONE_LENGTH.sub(_as_digits, text))
    for said, plain in REWORDED:
        text = said.sub(plain, text)
    text, windows = read_windows(COUNTED.sub(_as_count, text))
    names = Names(context)
    tokens = _tokens(text, names)
    mended = mend(text, tokens, context)
    if mended:
        names = Names(context)
        for wrong, right in mended.items():
            text = re.sub(rf"(?<!\w){re.escape(wrong)}(?!\w)", right, text)
            names.assumptions.append(f"'{wrong}' is read as '{right}'.")
        tokens = _tokens(text, names)
    return tokens, windows, names


def _tokens(text: str, names: Names) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = WORD.search(text, place)
        if match is None:
            break
        token, place = _next_token(text, match, names, tokens)
        tokens.append(token)
    return tokens


NOUNS = "|".join(sorted(SUBJECT_NOUNS | {"mice", "animals", "rats", "flies", "individuals"}))
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
COUNTED = re.compile(  # "exactly one mouse", "at least two of the animals", "two or more mice"
    r"\b(?P<sign>exactly|only|just|precisely|at least|at most|more than|fewer than|less than|"
    r"no more than|not more than|a maximum of)\s+(?P<n>one|two|three|four|five|six|\d+)"
    rf"(?:\s+of\s+the)?\s+(?P<noun>(?:{NOUNS})s?)\b(?!\s*#?\d)"
    r"|\b(?P<n_or>one|two|three|four|five|six|\d+)\s+or\s+(?P<way>more|fewer|less)"
    rf"(?:\s+of\s+the)?\s+(?:{NOUNS})s?\b"
)
GOES = r"(?:go|goes|going|went|gone|walks?|walked|runs?|ran|swims?|swam|comes?|came)"
COMES = r"(?:come|comes|coming|came|get|gets|getting|got)"
REWORDED = (  # what is said in several words that mean something else by themselves
    (re.compile(rf"\b{GOES} from\b"), "moves from"),
    (re.compile(rf"\b{COMES} (?=(?:to )?(?:within|closer|nearer|near|less than)\b)"), ""),
    (re.compile(r"\bhow much of (?=(?:the )?(?:first|last|initial|final|second)\b)"),
     "what percent of the time in "),
    (re.compile(r"\b(?:average|mean) time (?P<who>[^?.,]{0,40}?)\bsp(?:ent|ends) per "
                r"(?:visit|stay|bout|entry) (?:to|in|at|into)\b"),
     r"mean bout duration of \g<who> in"),
    (re.compile(r"\bnor\b"), "and not"),
    (re.compile(rf"\b(?P<verb>is|was|are|were) any (?:of the )?(?P<noun>{NOUNS})\b(?= (?:in|on|"
                r"inside)\b)"), r"\g<verb> at least one \g<noun>"),
    (re.compile(rf"\boutside (?:of )?(?P<far>\d+(?:\.\d+)? ?(?:{LENGTH})) of\b"),
     r"farther than \g<far> from"),
    (re.compile(r"\bin how many frames\b"), "how many frames"),
)  # fmt: skip
SIGNS = {"exactly": "==", "only": "==", "just": "==", "precisely": "==", "at least": ">=",
         "more": ">=", "at most": "<=", "no more than": "<=", "not more than": "<=", "fewer": "<=",
         "less": "<=", "a maximum of": "<="}  # fmt: skip


def _as_count(match: re.Match[str]) -> str:
    """Put one word for a number of animals: howmany_ge_2."""
    said = match["n"] or match["n_or"]
    n, word = NUMBERS.get(said) or int(said), match["sign"] or match["way"]
    if word in ("more than", "fewer than", "less than"):
        n, word = (n + 1, "at least") if word == "more than" else (n - 1, "at most")
    name = {"==": "eq", ">=": "ge", "<=": "le"}[SIGNS[word]]
    return f"howmany_{name}_{n}"


def _as_digits(match: re.Match[str]) -> str:
    from llm_query.planning.plan_units import number

    return f"{number(match['number']):g} {match['unit']}"


def _next_token(
    text: str, match: re.Match[str], names: Names, before: list[Token]
) -> tuple[Token, int]:
    """Take the longest name, phrase or quantity that starts here."""
    start = match.start()
    spans = list(_spans(text, start))
    sizes = range(len(spans), 0, -1)
    for size in sizes:
        words = [word for word, _ in spans[:size]]
        stop = spans[size - 1][1]
        token = names.token(words)
        if token is not None:
            return token, stop
        phrase = phrases().get(" ".join(words))
        kept = names.kept(words) if phrase is None or phrase[0] in MEANINGS else None
        if kept is not None and not _says_a_place(words, kept, names):
            return kept, stop
        if phrase is not None:
            return Token(*phrase, text[start:stop]), stop
    quantity = QUANTITY.match(text, start - _negative(text, start, before))
    if quantity and quantity["number"]:
        return Token("quantity", read_quantity(quantity), quantity[0].strip()), quantity.end()
    return _lone(spans)


def _says_a_place(words: list[str], kept: Token, names: Names) -> bool:
    """Tell whether words that are a kept name ("in_corner") say a place by themselves."""
    for cut in range(1, len(words)):
        place = names.token(words[cut:])
        if place and place.kind == "region" and " ".join(words[:cut]) in phrases():
            said = " ".join(words)
            names.assumptions.append(
                f"'{said}' is read as the place; what is kept under that name is asked for as "
                f"{kept.value}."
            )
            return True
    return False


def _negative(text: str, start: int, before: list[Token]) -> bool:
    return (
        start > 0
        and text[start - 1] == "-"
        and bool(before)
        and before[-1].kind == "punctuation"
        and before[-1].text == "-"
    )


def _spans(text: str, start: int) -> list[tuple[str, int]]:
    """Give the next words with where each ends; a sentence mark ends the run."""
    spans: list[tuple[str, int]] = []
    for match in WORD.finditer(text, start):
        spans.append((match[0], match.end()))
        if len(spans) == LONGEST or match[0] in PUNCTUATION:
            break
    return spans


def _lone(spans: list[tuple[str, int]]) -> tuple[Token, int]:
    word, stop = spans[0]
    if len(spans) > 1 and NUMBERED_PLACE.fullmatch(norm(word + spans[1][0])):
        return Token("no_region", word + " " + spans[1][0], word + " " + spans[1][0]), spans[1][1]
    if NUMBERED_PLACE.fullmatch(norm(word)):
        return Token("no_region", word, word), stop
    if word.startswith("ordinal_"):
        return Token("ordinal", int(word.removeprefix("ordinal_")), word), stop
    if re.fullmatch(r"howmany_(?:eq|ge|le)_\d+", word):
        return Token("so_many", word.removeprefix("howmany_"), word), stop
    if word.startswith("percentile_"):
        share = int(word.removeprefix("percentile_")) / 100
        return Token("agg", f"quantile:{share:g}", word), stop
    if word in PUNCTUATION:
        return Token("punctuation", word, word), stop
    if word in GENERIC_REGION:
        return Token("generic_region", word, word), stop
    if word in BODY_WORDS:
        return Token("no_point", word, word), stop
    if word in SOFT_WORDS:
        return Token("soft", word, word), stop
    if word in STOP_WORDS:
        return Token("stop", word, word), stop
    return Token("unknown", word, word), stop


def join_aliases(tokens: list[Token], names: Names) -> list[Token]:
    """Resolve "the open arm which is ROI0" and "the open arm is the ROI0." within a question."""
    tokens, learned = _statements(tokens)
    tokens = _which_is(tokens, learned)
    for words, token in learned.items():
        if len(token.value) == 1 and norm(words) != norm(token.value[0]):
            names.assumptions.append(
                f"'{words}' is the region {token.value[0]}, as the question says."
            )
    return _replace_runs(tokens, learned)


PLACE_KINDS = ("unknown", "generic_region", "no_region", "no_point", "soft")


def _statements(tokens: list[Token]) -> tuple[list[Token], dict[str, Token]]:
    """Take away sentences of the form "X is (the) REGION." """
    learned: dict[str, Token] = {}
    kept: list[Token] = []
    sentence: list[Token] = []
    for token in [*tokens, Token("punctuation", ".", ".")]:
        sentence.append(token)
        if token.text not in (".", ";", "?"):
            continue
        texts = [t.text for t in sentence[:-1] if t.text not in ("the", "a", "an", ",")]
        kinds = [t.kind for t in sentence[:-1] if t.text not in ("the", "a", "an", ",")]
        if "is" in texts[1:-1]:
            cut = texts.index("is")
            left, right = kinds[:cut], kinds[cut + 1 :]
            if right == ["region"] and all(kind in PLACE_KINDS for kind in left):
                place = next(t for t in reversed(sentence) if t.kind == "region")
                learned[" ".join(texts[:cut])] = place
                sentence = []
                continue
        kept += sentence
        sentence = []
    return kept[:-1] if kept and kept[-1].text == "." else kept, learned


def _which_is(tokens: list[Token], learned: dict[str, Token]) -> list[Token]:
    """Collapse "UNKNOWN, which is REGION" and "REGION which is UNKNOWN" into the region."""
    out: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.text not in ("which", "that") or _text(tokens, place + 1) != "is":
            out.append(token)
            place += 1
            continue
        after = place + 2
        while _text(tokens, after) in ("the", "a", "an"):
            after += 1
        comma = bool(out) and out[-1].text == ","
        here = len(out) - comma
        left = here
        while left and out[left - 1].kind in PLACE_KINDS:
            left -= 1
        if after < len(tokens) and tokens[after].kind == "region" and left < here:
            learned[" ".join(t.text for t in out[left:here])] = tokens[after]
            out[left:] = [tokens[after]]
            place = after + 1
        elif here and out[here - 1].kind == "region":
            stop = after
            while stop < len(tokens) and tokens[stop].kind in PLACE_KINDS:
                stop += 1
            same = stop == after and _text_kind(tokens, after) == "region"
            if same and tokens[after].value != out[here - 1].value:
                raise Refusal(
                    f"'{out[here - 1].text}' and '{tokens[after].text}' are two regions of this "
                    "study. "
                    "Name the one you mean."
                )
            learned[" ".join(t.text for t in tokens[after:stop]) or out[here - 1].text] = out[
                here - 1
            ]
            del out[here:]
            place = stop + same
        else:
            out.append(token)
            place += 1
    return out


def _text(tokens: list[Token], place: int) -> str:
    return tokens[place].text if place < len(tokens) else ""


def _text_kind(tokens: list[Token], place: int) -> str:
    return tokens[place].kind if place < len(tokens) else ""


def _replace_runs(tokens: list[Token], learned: dict[str, Token]) -> list[Token]:
    """Use a name learned in the question wherever its words come again."""
    out = list(tokens)
    for words, place in learned.items():
        size = len(words.split())
        spot = 0
        while spot + 1 <= len(out):
            run = out[spot : spot + size]
            if " ".join(t.text for t in run) == words and all(t.kind in PLACE_KINDS for t in run):
                out[spot : spot + size] = [replace(place, text=words)]
            spot += 1
    return out
