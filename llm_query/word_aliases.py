"""What people also call the words of the vocabulary, and what some parameters mean in a word."""

# Other names under which a search finds a word.
ALIASES: dict[str, str] = {
    "approach": "go come towards another social",
    "asleep": "sleep sleeping nap doze",
    "chase": "chasing hunt run after",
    "contact": "touch touching body contact",
    "distance_moved": "travel travelled path length ambulation locomotion how far",
    "distance_to_wall": "thigmotaxis border edge",
    "elongation": "stretched stretch attend posture",
    "explores": "sniff sniffing investigate investigation object recognition novel",
    "facing": "look looking orient towards",
    "floating": "immobility swim despair forced swim",
    "follow": "following pursue trail",
    "freezing": "freeze still motionless fear immobile",
    "grooming": "groom wash lick scratch",
    "head_dips": "dipping head dip",
    "heading": "direction orientation look",
    "huddle": "huddling sleep together pile",
    "huddle_size": "huddling pile",
    "immobile": "still motionless rest stationary not moving inactive",
    "in_region": "inside zone area place arm chamber",
    "latency_to_region": "first time until enters",
    "light_dark": "dark box anxiety",
    "mobility_state": "still immobile mobile",
    "mean_speed": "fast velocity average",
    "moving": "walk move active locomotion",
    "nose_contact": "sniff sniffing snout nose to nose investigate face",
    "nose_to_body": "sniff sniffing investigate body social investigation",
    "nose_to_ear": "sniff ear",
    "nose_to_tail": "sniff sniffing anogenital tail investigate rear",
    "rearing": "rear stand upright stretch up",
    "side_by_side": "together parallel next",
    "speed": "fast velocity quick how fast slow",
    "strides": "gait step walk paw",
    "thigmotaxis": "wall hugging edge anxiety",
    "time_in_region": "how long zone dwell",
    "turning_speed": "rotation spin angular velocity",
    "turning_angle": "rotation turn angular",
    "watching": "look looking gaze stare",
}

# What a parameter of this name is in nearly every word.
USUAL = {
    "recording": "the video's recording",
    "animal": "its name, as \"animal1\"",
    "a": "the animal that does it, by name",
    "b": "the animal it is done to, by name",
    "target": "another animal, by name",
    "animals": "their names",
    "point": "body point, as \"centre\" or \"nose\"",
    "point_a": "body point of a", "point_b": "body point of b",
    "region": "its name, or several names: their union",
    "window_s": "seconds of smoothing; 0 is none",
    "start_s": "from here on, in seconds; None is the recording's start",
    "stop_s": "up to here, in seconds; None is the recording's end",
    "during": "only inside these bouts",
    "max_gap_frames": "unseen stretches up to so many frames do not end a bout",
    "bouts": "bouts of one behaviour, or several",
}  # fmt: skip
# What a parameter of this name means where a word's help leaves it to its name.
BY_NAME = {
    "subject": "who does it, by name", "behaviour": "what to call it",
    "definition": "the rule in words, kept with the bouts",
    "min_duration_s": "shorter bouts are left out, in seconds",
    "min_confidence": "body points less sure than that (0 to 1) count as unseen",
    "max_distance": "how near is near, in cm (px without a scale)",
    "min_speed": "slower than that is not moving, in cm/s (px/s without a scale)",
    "max_speed": "faster than that is moving, in cm/s (px/s without a scale)",
    "max_angle_deg": "how far to the side still counts, in degrees",
    "arena": "the arena's name; None is the region whose role is arena",
    "front": "the body point in front", "back": "the body point behind",
    "columns": "by name, one value per frame each",
    "values": "numbers: one per frame, or by name",
    "label": "what the values are, with their unit",
    "above": "only larger values", "at_least": "only values as large or larger",
    "below": "only smaller values", "at_most": "only values as small or smaller",
    "bridge_s": "interruptions up to so many seconds do not end a bout",
    "value": "a number", "unit": "its unit", "name": "what to call it",
    "nose": "the nose's body point",
    "first_frames": "so many frames from the start", "last_frames": "so many frames to the end",
    "first_s": "so many seconds from the start", "last_s": "so many seconds to the end",
    "share": "from and to as shares (0 to 1) of the length, as (0.5, 1)",
    "start_frame": "from this frame on", "stop_frame": "up to, not including, this frame",
}  # fmt: skip
VAGUE = ("seconds", "in seconds", "see bouts_where", "as in bouts_where")  # say too little
_SHARED = {
    "min_animals": "in frames with fewer animals known there is no value",
    "values": "one number per frame, such as speed(recording, animal)",
}
# What a parameter means in a word whose help tells it within a sentence, not as "name: ...". The
# numbers stay there, so that they are said once.
DETAILS: dict[tuple[str, str], str] = {
    **{(word, "min_animals"): _SHARED["min_animals"]
       for word in ("group_centre", "group_spread", "polarisation")},
    **{(word, "values"): _SHARED["values"]
       for word in ("max_of", "mean_of", "median_of", "min_of", "quantile_of", "std_of")},
    ("heading", "front"): "the body point in front; None takes the outline's axis",
    ("heading", "back"): "the body point behind; None takes the outline's axis",
    ("heading", "left"): "a body point on the left side, as the left ear",
    ("heading", "right"): "a body point on the right side, as the right ear",
    ("turning_speed", "front"): "the body point in front; None takes the outline's axis",
    ("turning_speed", "back"): "the body point behind; None takes the outline's axis",
    ("turning_angle", "min_step"): "steps not longer than that have no angle, in cm (px without a "
    "scale)",
    ("meander", "signed"): "True counts counter-clockwise turns as positive; False drops the sign",
    ("floating", "lag_s"): "between which two outlines the change is measured, in seconds",
    ("mobility_state", "immobile_below"): "a smaller share of the outline changed is \"immobile\", "
    "0 to 1",
    ("mobility_state", "highly_above"): "a larger share of the outline changed is \"highly "
    "mobile\", 0 to 1",
    ("strides", "max_stance_speed"): "a paw slower than that stands, in cm/s (px/s without a "
    "scale)",
    ("in_reach", "of_point"): "the body point that carries the circle",
    ("in_region", "enter_margin"): "how far inside it must come to be in, in cm (px without a "
    "scale)",
    ("in_region", "exit_margin"): "how far outside it must be to be out, in cm (px without a "
    "scale)",
    ("moving_away", "min_speed"): "how fast the distance must grow, in cm/s (px/s without a scale)",
    ("region_summary", "min_speed"): "how fast it must come nearer or go away to count as moving "
    "towards or away, as in moving_towards",
    ("approach", "min_duration_s"): "shorter bouts are left out, in seconds",
    ("contact", "min_duration_s"): "the shortest contact, in seconds",
    ("follow", "max_distance"): "how far apart their centres may be, in cm (px without a scale)",
    ("follow", "min_speed"): "of both, in cm/s (px/s without a scale); None is as in moving",
    ("follow", "max_angle_deg"): "between the directions in which they go, in degrees",
    ("follow", "path_s"): "how long ago the second may have been there, in seconds",
    ("follow", "max_path_distance"): "from the second's path, in cm (px without a scale)",
    ("chase", "min_speed"): "of both, in cm/s (px/s without a scale)",
    ("leave", "within_s"): "how long after the end of contact it may begin, in seconds",
    ("make_contact", "within_s"): "how long before it the approach may have ended, in seconds",
    ("make_contact", "min_contact_s"): "the shortest contact, in seconds",
    ("nose_to_body", "max_distance"): "nearer than that, in cm (px without a scale)",
    ("nose_to_ear", "max_distance"): "nearer than that, in cm (px without a scale)",
    ("nose_to_tail", "max_distance"): "nearer than that, in cm (px without a scale)",
    ("touch", "max_distance"): "nearer than that, in cm (px without a scale)",
    ("watching", "min_distance"): "so far apart are their centres at least, in cm (px "
    "without a scale)",
    ("watching", "max_distance"): "so far apart are their centres at most, in cm (px "
    "without a scale)",
    ("watching", "max_angle_deg"): "how far to either side of the other it may look, in degrees",
    ("huddle", "min_animals"): "so many animals or more make a huddle",
    ("huddle_groups", "min_duration_s"): "shorter rows are left out, in seconds",
    ("learned", "min_probability"): "a frame counts from here on, 0 to 1; None is as chosen when "
    "it was learned",
    ("learned", "min_duration_s"): "shorter bouts are left out, in seconds; None is as chosen when "
    "it was learned",
    ("learned", "merge_gap_s"): "interruptions up to so many seconds are joined; None is as chosen "
    "when it was learned",
    ("bouts_where", "subject"): "whose bouts they are, by name",
    ("bouts_where", "min_duration_s"): "shorter bouts are left out, in seconds",
    ("bouts_where", "definition"): "the rule in words, kept with the bouts",
    ("scored", "behaviour"): "the name under which it was scored or kept",
    ("forced_swim", "max_speed"): "the centre is no faster while it floats, in cm/s (px/s "
    "without a scale)",
    ("forced_swim", "max_mobility"): "how much of the outline may change while it floats, 0 to 1",
    ("forced_swim", "max_drift"): "how fast it may drift while it floats, in cm/s (px/s without a "
    "scale)",
    ("open_field", "centre_share"): "the centre's share of the arena's area, 0 to 1",
    ("period", "stop_frame"): "up to, not including, this frame",
}  # fmt: skip
