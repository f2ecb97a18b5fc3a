"""The words the planner understands, each with the slot it fills; anything else is not guessed."""

import re

# Words that carry no meaning for an analysis; every other unknown word makes the planner refuse.
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "will",
        "would",
        "can",
        "could",
        "should",
        "shall",
        "may",
        "might",
        "must",
        "of",
        "for",
        "me",
        "i",
        "we",
        "us",
        "my",
        "our",
        "you",
        "your",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "there",
        "their",
        "them",
        "his",
        "her",
        "he",
        "she",
        "they",
        "which",
        "who",
        "whom",
        "what",
        "where's",
        "what's",
        "please",
        "give",
        "get",
        "find",
        "show",
        "tell",
        "list",
        "detect",
        "compute",
        "calculate",
        "measure",
        "analyze",
        "analyse",
        "determine",
        "report",
        "return",
        "extract",
        "identify",
        "display",
        "make",
        "made",
        "create",
        "need",
        "want",
        "like",
        "to",
        "know",
        "if",
        "see",
        "look",
        "into",
        "account",
        "so",
        "just",
        "also",
        "by",
        "with",
        "happen",
        "happens",
        "happening",
        "happened",
        "occur",
        "occurs",
        "occurring",
        "occurred",
        "event",
        "events",
        "instance",
        "instances",
        "period",
        "periods",
        "moment",
        "moments",
        "bout",
        "bouts",
        "episode",
        "episodes",
        "epoch",
        "epochs",
        "as",
        "such",
        "way",
        "themselves",
        "itself",
        "help",
        "define",
        "defined",
        "remain",
        "remains",
        "remaining",
        "stay",
        "stays",
        "staying",
        "stayed",
        "keep",
        "keeps",
        "spend",
        "spends",
        "spending",
        "spent",
        "sits",
        "sit",
        "sitting",
        "stand",
        "stands",
        "standing",
        "find",
        "finds",
        "go",
        "goes",
        "located",
        "appear",
        "appears",
        "appearing",
        "session",
        "test",
        "trial",
        "behave",
        "behavior",
        "behaviour",
        "using",
        "use",
        "used",
        "let",
        "let's",
        "us",
        "exact",
        "exactly",
        "super",
        "helpful",
        "case",
        "cases",
        "data",
        "movement",
        "recording",
        "video",
        "experiment",
        "'",
        '"',
        "s",
        "same",
        "begin",
        "begins",
        "s?",
        "mostly",
    ]
) - {"look", "like", "mostly", "behave", "to", "where's", "into", "with", "as"}

# Said to the reader as ignored: they narrow nothing that is measured.
SOFT_WORDS = frozenset(
    [
        "social",
        "task",
        "program",
        "individual",
        "area",
        "areas",
        "zone",
        "arena-zone",
        "subject's",
        "elevated",
        "plus",
        "maze",
        "curve",
        "interested",
        "terms",
        "analysis",
        "type",
        "please",
    ]
)

# phrase -> (kind, value); the longest phrase wins
PHRASES: dict[str, tuple[str, str]] = {}


def _add(kind: str, value: str, phrases: str) -> None:
    for phrase in phrases.split("|"):
        PHRASES[phrase.strip()] = (kind, value)


_add(
    "agg",
    "when",
    "at what time|at what times|at which times|which frames|what times|at which "
    "frames|exact time and frame|exact time|time and frame|what frames",
)
_add("when", "when", "when|whenever|during which|in which")
_add("where", "where", "where")
_add(
    "agg",
    "total",
    "how much time|how long|total time|time spent|duration of time|the total sum|"
    "amount of time|total duration|total duration of|durations|duration|length of time|"
    "total length of time|how many seconds|cumulative time|time",
)
_add(
    "agg",
    "count",
    "how often|how many times|how many bouts|number of bouts|number of times|count|"
    "count of|count number of bouts|count the number of bouts|number of events|how many events|"
    "frequency|number of episodes|how many episodes|how many|number of|counts|count how often|"
    "count how many times|count the number of times|how frequently",
)
_add(
    "agg",
    "latency",
    "latency|latency to|latencies|how long until|how long before|time until|"
    "how soon|time to first|how long does it take|latency to first|latency of|latency for|"
    "how long did it take|time taken to|time to",
)
_add(
    "agg",
    "percent",
    "what percent of the time|what percentage of the time|percent of the time|"
    "percentage of the time|percent of time|percentage of time|what percent of time|"
    "what percentage of time|percentage|percent|proportion of time|proportion of the time|"
    "what proportion of the time|what proportion of time|fraction of time|fraction of the time|"
    "what fraction of the time|what fraction of time|what share of the time|share of the time|"
    "what percent|what percentage|what fraction|what proportion|% of the time|% of time",
)
_add(
    "agg",
    "frames",
    "number of frames|how many frames|count the frames|count of frames|"
    "number of video frames|frames",
)
_add("agg", "mean", "mean|average|on average")
_add("agg", "median", "median")
_add("agg", "max", "maximum|max|highest|top|peak|maximal")
_add("agg", "min", "minimum|min|lowest|minimal")
_add("agg", "longest", "longest")
_add("agg", "shortest", "shortest")
_add(
    "agg",
    "mean_bout",
    "mean duration|average duration|mean bout duration|average bout duration|"
    "mean bout length|average bout length|mean visit duration|average visit duration|"
    "how long on average|mean length of bouts|mean duration of bouts",
)
_add("each_time", "each", "each time|every time")
_add("order", "first", "first|for the first time|the first time|first time")
_add("order", "last", "last|for the last time|last time")

_add("plot", "", "plot|draw|graph|visualise|visualize|chart|a plot of|plot of|figure of")
_add("plot_kind", "trajectory", "trajectory|trajectories|track|tracks|path|paths|trace|traces")
_add(
    "plot_kind",
    "occupancy",
    "occupancy heatmap|heatmap|heat map|occupancy map|occupancy|"
    "occupancy plot|occupancy heat map|density map|position heatmap",
)
_add("plot_kind", "histogram", "histogram|histograms|distribution|histogram of|distribution of")
_add(
    "plot_kind",
    "ethogram",
    "ethogram|object ethogram|region ethogram|ethogram of the regions|"
    "ethogram of regions|ethogram of objects|roi ethogram",
)
_add(
    "plot_kind",
    "timecourse",
    "over time|time course|as a function of time|timecourse|time series|"
    "against time|across time|through time",
)
_add(
    "colour",
    "",
    "color it by|colour it by|colored by|coloured by|color by|colour by|color-coded by|"
    "colour-coded by|color coded by|colour coded by|colored according to|color them by|"
    "coloured according to|and color by",
)
_add(
    "invert_y",
    "",
    "invert the y coordinate axis|invert the y axis|invert y|inverted y axis|"
    "flip the y axis|invert y axis",
)

_add(
    "in",
    "in",
    "in|inside|inside of|on|on top of|within|overlap|overlaps|overlap with|overlaps with|"
    "overlapping|overlapping with|overlaps in|at|occupy|occupies|occupying|appears in|into",
)
_add("out", "out", "outside|outside of|out of|not in|not inside|not on|off|not within")
_add(
    "enter",
    "enter",
    "enter|enters|entered|entering|enter in|enters in|entry into|entries into|"
    "entry to|entries to|entry|entries|go into|goes into|going into|come into|comes into|"
    "moves into|move into|visit|visits|visited|visiting|visits to|entrance|entered into|"
    "walks into|runs into|arrives at|arrives in|reach|reaches|reached|gets into|went into",
)
_add(
    "leave",
    "leave",
    "leave|leaves|leaving|exit|exits|exiting|exited|exit from|exits from|go out of|"
    "goes out of|come out of|comes out of|departs from|moves out of|move out of|went out of|"
    "walks out of|gets out of|exits of|departures from|leaves from",
)
_add(
    "entry_exit",
    "",
    "entry and exit|entry and exit from|entries and exits|enters and leaves|"
    "enter and leave|enters and exits|enter and exit",
)
_add("side", "left", "to the left of|left of|on the left of|on the left side of|left from")
_add("side", "right", "to the right of|right of|on the right of|on the right side of|right from")
_add("side", "above", "above of|to the top of|above the|on the top side of")
_add("side", "below", "below of|underneath|below the|under the|beneath")
_add("from_side", "below", "from the bottom|from below|from bottom|from the bottom side")
_add("from_side", "above", "from the top|from above|from top|from the top side")
_add("from_side", "left", "from the left|from left|from the left side")
_add("from_side", "right", "from the right|from right|from the right side")
_add("from", "", "from")
_add("to", "", "to|towards|toward")
_add("between", "", "between|among|amongst|in between|from one another")
_add(
    "near",
    "near",
    "near|close to|next to|in proximity|in proximity to|in the proximity of|close|"
    "proximity|nearby|near to|beside|adjacent to|in close proximity|in close proximity to",
)
_add("closer", "<", "closer than|nearer than|closer to than|within a distance of")
_add(
    "closer", ">", "farther than|further than|farther away than|further away than|more distant than"
)
_add("away", "", "away|away from|apart|of each other|apart from each other|from each other")
_add("faster", ">", "faster than|quicker than|with speed above|speeds above")
_add("faster", ">=", "at least as fast as")
_add("faster", "<", "slower than")
_add("how_fast", "", "how fast|how quickly")
_add("how_far", "", "how far")
_add("how_far_apart", "", "how far apart|how close")
_add(
    "cmp",
    "<",
    "<|less than|below|under|smaller than|lower than|fewer than|shorter than|"
    "is less than|falls below|drops below|less",
)
_add(
    "cmp",
    "<=",
    "<=|≤|at most|no more than|maximum of|up to|not more than|does not exceed|"
    "less than or equal to|not exceeding|not greater than",
)
_add(
    "cmp",
    ">",
    ">|more than|above|over|greater than|larger than|higher than|exceeds|exceeding|"
    "longer than|bigger than|exceed|rises above|is more than",
)
_add(
    "cmp",
    ">=",
    ">=|≥|at least|no less than|minimum of|not less than|greater than or equal to|"
    "greater or equal to|a minimum of",
)

_add(
    "measure",
    "speed",
    "speed|velocity|speeds|velocities|running speed|movement speed|"
    "locomotion speed|swimming speed|walking speed",
)
_add("measure", "acceleration", "acceleration|accelerations")
_add(
    "measure",
    "distance_moved",
    "distance travelled|distance traveled|distance moved|"
    "distance covered|total distance|path length|distance walked|distance run|distance swum|"
    "distance traversed|travel distance|travelled distance|traveled distance|total distance "
    "travelled|total distance traveled|total distance moved|track length|total path length|"
    "total distance covered|distance that travels|distances travelled|distances traveled",
)
_add("measure", "distance", "distance|distances|separation")
_add(
    "measure",
    "closest_distance",
    "closest distance|smallest distance|shortest distance|minimum distance|minimal distance",
)
_add("measure", "gap", "gap|distance between outlines|body gap|distance between their borders")
_add("measure", "heading", "heading|head direction|orientation|heading direction|headings")
_add("measure", "position", "position|positions|location|locations|coordinates|coordinate")
_add("measure", "body_length", "body length|body size")
_add(
    "measure",
    "nearest_neighbour",
    "nearest neighbour distance|nearest neighbor distance|"
    "distance to the nearest neighbour|distance to the nearest neighbor|nearest neighbour|"
    "nearest neighbor|nearest-neighbour distance|nearest-neighbor distance|"
    "distance to nearest neighbour|distance to nearest neighbor|distance to its nearest neighbour|"
    "distance to its nearest neighbor|distance to the nearest other animal",
)
_add("measure", "head_angle", "head angle|relative head angle|head angles|angle of the head")
_add(
    "wall",
    "",
    "wall|walls|the wall|arena wall|border|arena border|edge of the arena|arena edge|"
    "wall of the arena|walls of the arena|border of the arena|edges of the arena",
)

_add(
    "move",
    "",
    "move|moves|moved|moving|travel|travels|traveled|travelled|traveling|travelling|"
    "in motion|mobile|locomotes|locomoting|on the move|active",
)
_add(
    "immobile",
    "immobile",
    "immobile|still|stationary|motionless|standing still|sitting still|"
    "immobility|stands still|stand still|stays still|not moving|does not move|do not move|"
    "no movement|rest|rests|resting|at rest|inactive|inactivity|rest time|resting time|"
    "immobile time|without moving|stop moving|stops moving",
)
_add(
    "immobile",
    "freezing",
    "freeze|freezes|freezing|frozen|freezing behavior|freezing behaviour|"
    "freezing time|freezing periods",
)
_add(
    "contact",
    "",
    "touch|touches|touching|touched|contact|contacts|in contact|in contact with|"
    "contact with|make contact|makes contact|make contact with|makes contact with|"
    "in physical contact|in physical contact with|physical contact|body contact|in body contact|"
    "in body contact with|contacting|in touch|in touch with",
)
_add(
    "facing",
    "",
    "facing|faces|face|looking at|looks at|look at|watching|watches|watch|"
    "orienting towards|orienting toward|oriented towards|oriented toward|pointing at|"
    "pointing towards|looking towards|orients towards|looks towards|facing towards|"
    "looking toward|heading towards|head towards|turned towards",
)
_add("chase", "chase", "chase|chases|chasing|chased")
_add("chase", "follow", "follow|follows|following|followed")
_add("chase", "approach", "approach|approaches|approaching|approached")

_add("front", "", "in front of|in front")
_add("eachother", "", "each other|one another|eachother")
_add(
    "other",
    "",
    "other animals|another animal|the other animal|other animal|any other animal|"
    "other mice|another mouse|the other mouse|other mouse|any other mouse|another fly|other flies|"
    "the other fly|other fish|another fish|the other fish|another rat|other rats|the other rat|"
    "the others|others|partner|partner mouse|the partner|another individual|other individuals|"
    "conspecific|conspecifics|another conspecific|neighbour|neighbor|neighbours|neighbors|"
    "any other fly|any other fish|any other rat|all other animals|all other mice|another|"
    "the other animals|the other mice|the other flies|the other rats",
)
_add("nobody", "", "any animal|any mouse|any animals|all the other animals")

_add(
    "and",
    "",
    "and|while|whilst|but|as well as|and also|and while|while also|and at the same time|"
    "&|plus|and is",
)
_add("or", "", "or|or else|or in")
_add(
    "then",
    "",
    "then|and then|followed by|and afterwards|afterwards|before then|and subsequently|"
    "subsequently|after which|then later|, then",
)
_add(
    "not",
    "",
    "not|never|isn't|aren't|doesn't|don't|wasn't|without|is not|are not|does not|do not|"
    "did not|without being|neither",
)
_add("no_more", "", "no longer")
_add(
    "subject",
    "all",
    "animal|animals|mouse|mice|rat|rats|fly|flies|fish|fishes|zebrafish|bird|birds|"
    "bee|bees|ant|ants|worm|worms|subject|subjects|individuals|each animal|each mouse|"
    "each rat|each fly|each fish|every animal|every mouse|all animals|all mice|all the animals|"
    "all the mice|each of the animals|each of the mice|all of the animals|every fly|every fish|"
    "this animal|focal animal|focal mouse|the focal mouse|animal's|mouse's|animals'|mice's|rat's|"
    "fly's|fish's|subject's|each individual|every individual|each subject|all flies|all rats|"
    "all the flies|horse|horses|all individuals|insect|insects|larva|larvae|monkey|monkeys|"
    "dog|dogs|each rat|individual's",
)
_add("own", "", "own|its own|their own|his own|her own")
_add("define", "", "define|definition|def|let us define|let's define")
_add(
    "as_behaviour",
    "",
    "as a social behavior where|as a behavior where|as a behaviour where|"
    "as a social behaviour where|as a behavior that when|as a behavior when|as a behaviour when|"
    "as a behavior that|as a behaviour that|as behavior where|as|as a behavior|as a behaviour|"
    "as the time when|as when|as a social behavior|as a state where|as a period when|as times when",
)
_add(
    "all_points",
    "",
    "all keypoints|all the keypoints|all body points|all bodyparts|all body parts|"
    "every keypoint|all points|all of the keypoints|each keypoint|every body point",
)
_add(
    "smooth",
    "",
    "smoothing window|smooth_window_size|smooth window|smoothing window of|"
    "smoothing over|smoothed over|averaged over|smooth window size|smoothing window size|"
    "the smooth_window_size|smoothed with a window of|with smoothing window",
)
_add("last_for", "", "lasting|lasts|that last|last for|which last|for a duration of|lasted")
_add("mutual", "", "at the same time|simultaneously|mutually|both at once|at once")
_add("like_example", "", "like from frame|for example|e.g.|such as")
_add(
    "whole",
    "",
    "in the whole video|in the whole recording|over the whole recording|in total|overall|"
    "in the video|in the recording|during the recording|during the video|throughout the video|"
    "in the entire video|altogether|during the session|in the session|during the test|"
    "during the experiment|over the session|in this video|in this recording|of the video|"
    "of the recording|over the entire recording|of the session|during the trial",
)

CENTRE_PHRASES = [
    "centre",
    "center",
    "body centre",
    "body center",
    "animal center",
    "animal centre",
    "centroid",
    "centre of mass",
    "center of mass",
    "body centroid",
    "mouse center",
    "mouse centre",
    "centre point",
    "center point",
]
POINT_SYNONYMS = {
    "snout": "nose",
    "tailbase": "tail_base",
    "tail base": "tail_base",
    "base of the tail": "tail_base",
    "tail root": "tail_base",
}
BODY_WORDS = frozenset(
    [
        "head",
        "nose",
        "tail",
        "ear",
        "ears",
        "eye",
        "eyes",
        "neck",
        "paw",
        "paws",
        "limb",
        "limbs",
        "leg",
        "legs",
        "wing",
        "wings",
        "thorax",
        "abdomen",
        "hip",
        "hips",
        "shoulder",
        "elbow",
        "knee",
        "snout",
        "mouth",
        "hindpaw",
        "forepaw",
        "spine",
        "back",
        "rump",
        "antenna",
        "keypoint",
        "keypoints",
        "bodypart",
        "bodyparts",
    ]
)
GENERIC_REGION = frozenset(
    [
        "roi",
        "rois",
        "region",
        "regions",
        "zone",
        "zones",
        "area",
        "areas",
        "object",
        "objects",
        "place",
        "compartment",
        "compartments",
    ]
)
SUBJECT_NOUNS = frozenset(
    [
        "animal",
        "mouse",
        "rat",
        "fly",
        "fish",
        "subject",
        "individual",
        "id",
        "bird",
        "bee",
        "ant",
        "worm",
        "track",
        "mice",
        "larva",
    ]
)

# Behaviours people ask for that masks and two axis points cannot show, with what would help.
NEEDS = {
    "rear": "rearing needs the animal's height or a body point that shows it; score it by hand, or "
    "define it, for example: define rearing as body length below 4 cm",
    "gait": "gait needs labelled limbs and a stride analysis, which is not part of this vocabulary",
    "groom": "grooming needs paw and head points, or hand scoring",
    "eat": "eating cannot be seen from position alone; define it, for example as: nose in the food "
    "zone and immobile",
    "sniff": "sniffing needs nose contact with a stated distance, for example: when is the nose of "
    "mouse 1 closer than 2 cm to mouse 2?",
    "embed": "embeddings (UMAP, CEBRA) are not part of this vocabulary; export the measures instead",
    "cebra": "embeddings (UMAP, CEBRA) are not part of this vocabulary; export the measures instead",
    "umap": "embeddings (UMAP, CEBRA) are not part of this vocabulary; export the measures instead",
    "animation": "animations are not made here; the Watch page plays the video with the tracks on it",
    "pose": "pose estimation is not done by a question; track the video or import a pose file",
    "explor": "exploring has no single definition; say it in distance, for example: nose closer than "
    "2 cm to the object and facing it",
    "flee": "fleeing has no definition here; give one, for example: faster than 20 cm/s and farther "
    "than 5 cm from the other animal",
    "huddl": "huddling has no definition here; give one, for example: closer than 3 cm and slower "
    "than 1 cm/s",
    "relative": "relative speed is not part of this vocabulary yet",
    "alternation": "an alternation rate needs a sequence of arm choices, which is not built yet",
    "climb": "climbing needs height, which a single camera from above does not give",
    "mount": "mounting has no definition here; define it, or score it by hand",
    "figh": "fighting has no definition here; define it, or score it by hand",
    "attack": "attacks have no definition here; define them, or score them by hand",
}


def need(word: str) -> str | None:
    """Say what a behaviour outside the vocabulary would need, by the start of its word."""
    for stem, advice in NEEDS.items():
        if re.match(stem, word):
            return advice
    return None
