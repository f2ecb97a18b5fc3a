"""Say a reading in plain English: the sentence under the answer, and the names of its bouts."""

from __future__ import annotations

from llm_query.planning.plan_gauges import GAUGES, PAIR_GAUGES
from llm_query.planning.plan_rewording import ORDINALS
from llm_query.planning.plan_slots import ANY_OTHER, EACH, Condition, Measure, Reading, Window
from llm_query.planning.plan_words import DOINGS

SIGNS = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}
SPEED_SIGNS = {"<": "slower than", "<=": "at most", ">": "faster than", ">=": "at least"}
DISTANCE_SIGNS = {"<": "closer than", "<=": "within", ">": "farther than", ">=": "at least"}
MEASURES = {
    "distance_moved": "distance travelled", "nearest_neighbour": "nearest neighbour distance",
    "body_length": "body length", "distance_place": "distance", "own_distance": "distance",
    "gap": "gap between outlines", "head_angle": "head angle",
} | {word: gauge.said for word, gauge in GAUGES.items()}  # fmt: skip


def bounds_text(condition: Condition, signs: dict[str, str]) -> str:
    """Say the limits: "closer than 3 cm"."""
    return " and ".join(f"{signs[sign]} {limit}" for sign, limit in condition.arguments["bounds"])


def _regions(condition: Condition) -> str:
    return " or ".join(condition.arguments["regions"])


def _point(condition: Condition) -> str:
    point = condition.arguments.get("point", "centre")
    return "" if point == "centre" else f" ({point.strip('<>')})"


def ends_text(condition: Condition) -> str:
    """Say which body points a distance between two animals is of: " (nose to tail_base)"."""
    points = condition.arguments.get("points", ("centre", "centre"))
    return "" if points == ("centre", "centre") else f" ({points[0]} to {points[1]})"


def phrase(condition: Condition) -> str:
    """Say a condition without its subject and target, as the bouts are named: "in corner"."""
    arguments = condition.arguments
    kind = condition.kind
    if kind == "in":
        return f"in {_regions(condition)}{_point(condition)}"
    if kind in ("enter", "leave"):
        side = {
            "below": " from the bottom",
            "above": " from the top",
            "left": " from the left",
            "right": " from the right",
            None: "",
        }[arguments["side"]]
        return f"{kind}s {_regions(condition)}{side}{_point(condition)}"
    if kind == "side":
        where = {"left": "left of", "right": "right of"}.get(arguments["side"], arguments["side"])
        return f"{where} {arguments['region']}{_point(condition)}"
    if kind == "distance":
        return bounds_text(condition, DISTANCE_SIGNS)
    if kind == "distance_place":
        near = arguments["bounds"][0][0]
        link = {"<": "to", "<=": "of"}.get(near, "from")
        return (
            f"{bounds_text(condition, DISTANCE_SIGNS)} {link} {arguments['region'] or 'the wall'}"
        )
    if kind == "own_distance":
        ends = " to ".join(arguments["points"])
        return f"{ends} {bounds_text(condition, SIGNS)} apart"
    if kind == "speed":
        return f"{bounds_text(condition, SPEED_SIGNS)}{_point(condition)}"
    if kind in GAUGES or kind in ("body_length", "acceleration", "nearest_neighbour"):
        return f"{MEASURES.get(kind, kind)} {bounds_text(condition, SIGNS)}"
    if kind == "angle":
        return f"head angle {bounds_text(condition, SIGNS)}"
    if kind == "facing":
        return "facing each other" if arguments.get("mutual") else "facing"
    if kind == "doing":
        return DOINGS[arguments["does"]].said
    if kind == "explores":
        return f"exploring {_regions(condition)}"
    if kind == "towards":
        link = "away from" if arguments["way"] == "moving_away" else "towards"
        return f"moving {link} {_regions(condition)}"
    if kind == "leave_approach":
        return "leaving when approached"
    if kind == "make_contact":
        near = arguments["touching"]
        return f"approaching until {phrase(near)}" if near else "approaching until contact"
    if kind == "learned":
        return str(arguments["name"])
    if kind == "facing_region":
        return f"facing {arguments['region']}"
    return _joined(condition)


def _joined(condition: Condition) -> str:
    kind, parts = condition.kind, [phrase(part) for part in condition.parts]
    if kind == "not":
        inner = condition.parts[0]
        return (
            f"outside {_regions(inner)}{_point(inner)}" if inner.kind == "in" else f"not {parts[0]}"
        )
    if kind in ("and", "or"):
        return _together(condition)
    if kind == "then":
        limit = condition.arguments.get("limit")
        return " then ".join(parts) + (f" within {limit}" if limit else "")
    if kind == "each":
        return "; ".join(parts)
    if kind in ("after", "before"):
        limit = condition.arguments.get("limit")
        return f"{parts[0]}{f' within {limit}' if limit else ''} {kind} {_later(condition)}"
    if kind == "starts_in":
        return f"{parts[0]} starting {parts[1]}"
    if kind == "so_many":
        return f"{_number_of(condition)} {phrase(condition.arguments['place'])}"
    if kind in ("alone", "nobody", "anybody"):
        place = condition.arguments["place"]
        return f"{kind} {phrase(place)}"
    if kind == "nth":
        return f"{parts[0]} for the {ORDINALS[condition.arguments['k']]} time"
    if kind == "named":
        return str(condition.arguments["name"])
    if kind == "part":
        order, window = condition.arguments["order"], condition.arguments["window"]
        first = f"the {order} time " if order else ""
        return f"{first}{parts[0]}{f' {window_text(window)}' if window else ''}"
    if kind == "for":
        return (
            f"{parts[0]} for {SIGNS[condition.arguments['sign']]} {condition.arguments['length']}"
        )
    return {
        "near": "near",
        "scored": condition.arguments.get("name", ""),
        "immobile": _still(condition),
        "contact": "touching",
        "chase": "chasing",
        "follow": "following",
        "approach": "approaching",
        "moving": "moving",
    }[kind]


def _later(condition: Condition) -> str:
    """Say the second part of "A after B" so that it follows: "entering centre", or whose it is."""
    first, second = condition.parts
    whose = {part.subject for part in first.leaves()}
    if second.subject not in whose or second.parts:
        return sentence(second)
    named = second.target not in (None, ANY_OTHER)
    said = _after_subject(second) if named else phrase(second)
    for verb, doing in (("enters ", "entering "), ("leaves ", "leaving ")):
        said = f"{doing}{said.removeprefix(verb)}" if said.startswith(verb) else said
    return f"being {said}" if second.kind in ("in", "not") else said


def _number_of(condition: Condition) -> str:
    """Say how many animals: "exactly 1 animal", "at least 2 animals"."""
    n = condition.arguments["n"]
    word = {"eq": "exactly", "ge": "at least", "le": "at most"}[condition.arguments["sign"]]
    return f"{word} {n} animal{'' if n == 1 else 's'}"


def _still(condition: Condition) -> str:
    shortest = condition.arguments.get("min_s")
    word = condition.arguments.get("word", "immobile")
    least = "more than" if condition.arguments.get("over") else "at least"
    return f"{word} for {least} {shortest}" if shortest else word


def _together(condition: Condition) -> str:
    """Join parts by and, or; say whose each is where they are about several animals."""
    first = condition.parts[0].subject
    targets = {part.target for part in condition.leaves() if part.target}
    several = len(targets) > 1 or any(part.subject != first for part in condition.leaves())
    text = ""
    for part in condition.parts:
        own = part.subject == first
        named = several and part.target != ANY_OTHER
        said = sentence(part) if not own else _after_subject(part) if named else phrase(part)
        word = condition.kind if own or condition.kind == "or" else "while"
        text += f" {word} {said}" if text else said
    return text


def who(name: str | None) -> str:
    """Say a subject or target."""
    return {EACH: "each animal", ANY_OTHER: "another animal", None: ""}.get(name, name or "")


def sentence(condition: Condition) -> str:
    """Say a condition with its subject and target: "each animal in corner"."""
    if condition.kind in ("and", "or", "then", "each"):
        word = {"then": " and then ", "each": "; ", "or": " or "}.get(condition.kind, " while ")
        limit = condition.arguments.get("limit")
        within = f" within {limit}" if limit else ""
        return word.join(sentence(part) for part in condition.parts) + within
    if condition.kind in ("after", "before", "starts_in"):
        limit = condition.arguments.get("limit")
        word = {"starts_in": "starting while"}.get(condition.kind, condition.kind)
        word = f"within {limit} {word}" if limit else word
        return f"{sentence(condition.parts[0])} {word} {sentence(condition.parts[1])}"
    if condition.kind in ("nobody", "anybody", "so_many"):
        return phrase(condition)
    if condition.kind == "nth":
        return f"{sentence(condition.parts[0])} for the {ORDINALS[condition.arguments['k']]} time"
    if condition.kind == "not":
        inner = condition.parts[0]
        if inner.kind == "in":
            return f"{who(inner.subject)} {phrase(condition)}"
        return f"{who(inner.subject)} not {_after_subject(inner)}"
    if condition.kind == "for":
        length = f"{SIGNS[condition.arguments['sign']]} {condition.arguments['length']}"
        return f"{sentence(condition.parts[0])} for {length}"
    return f"{who(condition.subject)} {_after_subject(condition)}"


def _after_subject(condition: Condition) -> str:
    if condition.target is None:
        return phrase(condition)
    if condition.arguments.get("mutual"):
        return f"and {who(condition.target)} {phrase(condition)}"
    ends = ends_text(condition)
    link = {"distance": " to", "angle": " to", "near": " to"}.get(condition.kind, "")
    if condition.kind == "distance":
        link = {"<": " to", "<=": " of"}.get(condition.arguments["bounds"][0][0], " from")
    return f"{phrase(condition)}{link} {who(condition.target)}{ends}"


def measure_text(measure: Measure) -> str:
    """Say a measure with whose it is."""
    name = MEASURES.get(measure.kind, measure.kind)
    subjects = " and ".join(who(subject) for subject in measure.subjects)
    if measure.kind in GAUGES and GAUGES[measure.kind].scope == "group":
        return name
    if measure.kind in ("distance", "gap", *PAIR_GAUGES):
        return f"{name} between {subjects} and {who(measure.target)}"
    if measure.kind == "distance_place":
        return f"distance of {subjects} to {measure.arguments['region'] or 'the wall'}"
    if measure.kind == "own_distance":
        return f"distance between {' and '.join(measure.points)} of {subjects}"
    points = "" if measure.points == ("centre",) else f" ({', '.join(measure.points)})"
    return f"{name} of {subjects}{points}"


ASKED = {
    "when": "the times of",
    "where": "the times of",
    "total": "total time of",
    "count": "number of bouts of",
    "latency": "latency to the first",
    "percent": "share of time of",
    "frames": "number of frames of",
    "mean_bout": "mean bout duration of",
    "longest": "longest bout of",
    "shortest": "shortest bout of",
    "median_length": "median bout length of",
    "std_length": "standard deviation of the bout lengths of",
}


def reading_text(reading: Reading) -> str:
    """Say the whole reading as one sentence."""
    during = f", {window_text(reading.window)}" if reading.window else ""
    during += f", in bins of {reading.bin_s:g} s" if reading.bin_s else ""
    if reading.plot:
        kind = {"any": "plot", "timecourse": "time course", "occupancy": "occupancy heatmap",
                "rose": "heading plot", "speeds": "speed distribution", "pca": "embedding (PCA)",
                "umap": "embedding (UMAP)", "gait": "gait analysis", "time_budget": "time budget",
                "social_matrix": "social matrix"}  # fmt: skip
        what = kind.get(reading.plot, reading.plot)
        of = (
            measure_text(reading.measure)
            if reading.measure
            else " and ".join(who(s) for s in reading.subjects)
        )
        colour = f" coloured by {reading.colour}" if reading.colour in ("time", "speed") else ""
        while_ = f" while {sentence(reading.condition)}" if reading.condition else ""
        return f"{what.capitalize()} of {of}{colour}{while_}{during}."
    if reading.measure:
        words = [
            {"std": "standard deviation of the"}.get(w, w).replace("quantile:", "quantile ")
            for w in dict.fromkeys(reading.aggregates)
            if w in ("mean", "median", "max", "min", "std") or ":" in w
        ]
        while_ = f" while {sentence(reading.condition)}" if reading.condition else ""
        return f"{' '.join([*words, measure_text(reading.measure)]).capitalize()}{while_}{during}."
    if reading.condition is None:
        return f"Positions of {' and '.join(who(s) for s in reading.subjects)}{during}."
    asked = [ASKED[a] for a in dict.fromkeys(reading.aggregates) if a in ASKED] or ["the times of"]
    once = None if "latency" in reading.aggregates else reading.order
    order = {"first": "the first time of ", "last": "the last time of ", None: ""}[once]
    if once is None and reading.order == "last":
        asked = [word.replace("latency to the first", "time until the last") for word in asked]
    if reading.condition.kind == "nth":
        asked = [word.replace("latency to the first", "time until") for word in asked]
    text = f"{', '.join(asked)} {order}{sentence(reading.condition)}{during}."
    return text[0].upper() + text[1:]


def window_text(window: Window) -> str:
    """Say the part of the recording."""
    return window.text if window.text.split()[0] in PREPOSITIONS else f"in {window.text}"


PREPOSITIONS = (
    "in",
    "during",
    "for",
    "over",
    "within",
    "of",
    "from",
    "between",
    "after",
    "before",
    "until",
    "up",
    "only",
    "throughout",
)
