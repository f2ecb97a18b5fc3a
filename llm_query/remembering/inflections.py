"""Inflections of English words: which dictionary forms a word can be (chased: chase)."""

from __future__ import annotations

from functools import lru_cache

# base: its irregular forms. "left" is not here: in questions it is nearly always the side.
_IRREGULAR = """
arise: arose arisen | be: is are was were been being | bend: bent | bind: bound | bite: bit bitten
blow: blew blown | break: broke broken | build: built | catch: caught | choose: chose chosen
cling: clung | come: came | creep: crept | cut: cutting | deal: dealt | dig: dug digging
do: did done does | draw: drew drawn | drink: drank drunk | drive: drove driven | eat: ate eaten
fall: fell fallen | feed: fed | feel: felt | fight: fought | find: found | flee: fled
fling: flung | fly: flew flown flies | foot: feet | forage: foraging | freeze: froze frozen
get: got gotten | give: gave given | go: went gone goes | grind: ground | grow: grew grown
hang: hung | have: has had | hear: heard | hide: hid hidden | hold: held | index: indices
keep: kept | kneel: knelt | lay: laid | lead: led | leap: leapt | leave: leaving
lie: lay lain lying | lose: lost | lean: leant | make: made | mate: mating mated | meet: met
mouse: mice | ox: oxen | pay: paid | ride: rode ridden | ring: rang rung | rise: rose risen
run: ran
see: saw seen | seek: sought | shake: shook shaken | shoot: shot | show: shown
shrink: shrank shrunk | sink: sank sunk | sit: sat | sleep: slept | slide: slid | sling: slung
sneak: snuck | speak: spoke spoken | spend: spent | spin: spun | spring: sprang sprung
stand: stood | steal: stole stolen | stick: stuck | sting: stung | strike: struck stricken
swell: swollen | sweep: swept | swim: swam swum | swing: swung | take: took taken
tear: tore torn | throw: threw thrown | tie: tying | tooth: teeth | wake: woke woken
wind: wound | weave: wove woven | wolf: wolves | larva: larvae | pup: pups
maximum: maxima | radius: radii | axis: axes | half: halves | leaf: leaves | die: dying
vibrissa: vibrissae | focus: foci | criterion: criteria | nucleus: nuclei
"""
_IRREGULAR_BASES: dict[str, set[str]] = {}
for _entry in _IRREGULAR.replace("\n", "|").split("|"):
    _base, _, _forms = _entry.partition(":")
    for _form in _forms.split():
        _IRREGULAR_BASES.setdefault(_form, set()).add(_base.strip())
_VOWELS = "aeiouy"
# Look like inflections, and are words of their own in questions about animals and places.
_OWN_WORDS = """
always bedding being bored ceiling closed during evening lighted morning need nothing something
species used series thing wing
"""
_OWN = frozenset(_OWN_WORDS.split())


@lru_cache(maxsize=20_000)
def bases(word: str) -> frozenset[str]:
    """Give the dictionary forms that a lower-case word can be, itself among them.

    >>> sorted(bases("chasing")), sorted(bases("mice")), sorted(bases("huddles"))
    (['chase', 'chasing'], ['mice', 'mouse'], ['huddle', 'huddles'])
    """
    found = {word} | _IRREGULAR_BASES.get(word, set())
    if len(word) > 3 and word.isalpha() and word not in _OWN:
        found |= _of_plural(word) | _of_past(word) | _of_participle(word)
    return frozenset(found)


def same_word(one: str, other: str) -> bool:
    """Tell whether two words are inflections of the same one.

    >>> same_word("chases", "chased"), same_word("rate", "rats"), same_word("ran", "running")
    (True, False, True)
    """
    return one == other or not bases(one).isdisjoint(bases(other))


def _of_plural(word: str) -> set[str]:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return set()
    if word.endswith("ies"):
        return {word[:-3] + "y", word[:-1]}
    if word.endswith(("ches", "shes", "sses", "xes", "zes", "oes")):
        return {word[:-2], word[:-1]}
    return {word[:-1]}


def _of_past(word: str) -> set[str]:
    if not word.endswith("ed") or word.endswith("eed"):
        return set()
    if word.endswith("ied"):
        return {word[:-3] + "y", word[:-1]}
    return _of_stem(word[:-2])


def _of_participle(word: str) -> set[str]:
    return _of_stem(word[:-3]) if word.endswith("ing") else set()


def _of_stem(stem: str) -> set[str]:
    """What -ed or -ing was put on: chas(ing) is chase, sitt(ing) is sit, rear(ing) is rear."""
    if len(stem) < 2 or not any(letter in _VOWELS for letter in stem):
        return set()
    if stem[-1] == stem[-2] and stem[-1] not in _VOWELS:
        return {stem, stem[:-1]}
    return {stem + "e"} if _short(stem) else {stem, stem + "e"}


def _short(stem: str) -> bool:
    """Whether the stem is one syllable that would double its last letter before -ing (hop)."""
    vowels = [letter in _VOWELS for letter in stem]
    return vowels[-2:] == [True, False] and sum(vowels) == 1 and stem[-1] not in "wx"
