"""Words that mean about the same to people who watch animals, and words that mean nothing."""

from __future__ import annotations

from functools import lru_cache

from llm_query.remembering.inflections import bases

# Words of nearly every question: they say nothing about what is meant.
_PLAIN = """
a about above after again all also always among an and animal animals another any are as at back be
because been before being between both but by can come count did do does done down during each
either else ever every first for from get give go had has have he her here hers him his how i if
in into is it its itself just last less like make many me mice mine minus more most mouse much my
never no nor not now of off often on once one only or order other others our out over own part per
please put same say see share she show since so some soon such take tell than that the their them
then there these they thing this those through times to together too total under until up us very
was we well were what when where whether which while who whom whose why will with within without
would you your
bout bouts duration event events episode episodes frame frames frequency happen happens happened
interval intervals latency list number numbers occur occurs percent percentage period periods
recording second seconds s session minute minutes min ms time video week hour hours day plot table
long short two three four five six ten
"""
# Words of many questions and of many definitions: they say something, but little.
_MEASURED = """
acceleration angle area arena average begin body box cage center centre centimeter chamber change
cm corner degree direction distance draw end enter entry exit far fast female food half head
heading high home leave left length less light limit location lower male maximum mean median meter
middle minimum move moving movement near neighbour neighbor nest night nose object outside outline
pixel place point position px region right roi shelter side size slow speed start stop tail travel
turn upper velocity visit wall water zone
"""
# One group of near synonyms per line.
_ALIKE = """
run hurry dash rush gallop sprint race
walk move go locomote travel
fast quick quickly rapid rapidly swift high
slow slowly
motionless immobile still stationary unmoving stay inactive inactivity static movement
inactive inactivity rest resting idle
sit stay remain rest lie
lie rest lay
near close nearby adjacent neighbour neighbor next beside alongside proximity within vicinity
far away distant remote
touch contact meet touching
snout nose muzzle
mouth snout
paw foot hand limb forepaw leg
forepaw front paw
hind back rear
behind after back
edge border rim boundary margin
border wall edge periphery
outer peripheral outside
middle center centre central
return back
box house shelter nest refuge
enter entry go
leave depart exit quit left go
part separate apart
arrive come approach near
partner other intruder conspecific mate companion
male he him
female she her
individual animal
take occupy
spot place position location site
upright stand erect
stand standing upright
fur coat hair
lick clean
eat food feed chow pellet
drink water
throw toss kick
hang cling
lid grid ceiling top cage
floor ground bottom
lower low bottom lowest down
upper high top
tank aquarium
long elongated extended
short brief shorter
large big great larger greater wide
small little tiny low
turn rotate rotation spin
full complete whole entire
straight directly direct
toward towards at
look face gaze watch orient
swing wag shake sway oscillate
tone sound beep cue noise
displace displacement shift jump
sudden abrupt
block bar obstruct prevent keep
together joint
series sequence row repeated repeatedly several
promptly immediately quickly soon
pursue follow chase
novel new unfamiliar
familiar known old
explore investigate exploration
choice decision choose
correct right
divide ratio share proportion
step stride
"""
# Words that cannot be the whole name of anything.
_FUNCTION = """
a an and animal animals are as at be been by can did do does for from give had has have how i if in
is it its many me mice mouse much my no not of often on or our than that the their them then there
they this to was we were what when where which while who why will with you your
"""
PLAIN_WORDS = frozenset(_PLAIN.split())
FUNCTION_WORDS = frozenset(_FUNCTION.split())
_MEASURED_WORDS = frozenset(_MEASURED.split())
_GROUPS: dict[str, set[str]] = {}
for _line in _ALIKE.strip().splitlines():
    for _word in _line.split():
        _GROUPS.setdefault(_word, set()).update(_line.split())


@lru_cache(maxsize=20_000)
def alike(word: str) -> frozenset[str]:
    """Give a lower-case word, its dictionary forms and their near synonyms.

    >>> sorted(alike("snouts"))
    ['mouth', 'muzzle', 'nose', 'snout', 'snouts']
    """
    found = set(bases(word))
    for base in bases(word):
        found |= _GROUPS.get(base, set())
    return frozenset(found)


def is_measuring(word: str) -> bool:
    """Tell whether a word is one of measuring and of places, which many definitions share.

    >>> is_measuring("distances"), is_measuring("whiskers")
    (True, False)
    """
    return not bases(word).isdisjoint(_MEASURED_WORDS)
