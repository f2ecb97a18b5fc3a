"""Every measure and behaviour in one place: what analysis code may call."""

from __future__ import annotations

from llm_query.kinematics import (
    acceleration,
    body_length,
    distance_moved,
    heading,
    mean_speed,
    speed,
    turning_speed,
)
from llm_query.motion import immobile, moving, speed_between
from llm_query.pursuit import approach, chase, follow
from llm_query.social import (
    closing_speed,
    contact,
    distance_between,
    facing,
    gap_between,
    head_angle,
    near,
    nearest_neighbour,
    nearest_neighbour_distance,
)
from llm_query.states import bouts_where, collect, scored
from llm_query.zones import (
    distance_to_point,
    distance_to_region,
    distance_to_wall,
    enters,
    in_region,
    latency_to_region,
    leaves,
    outside_region,
    region_entries,
    time_in_region,
)

__all__ = [
    "acceleration",
    "approach",
    "body_length",
    "bouts_where",
    "chase",
    "closing_speed",
    "collect",
    "contact",
    "distance_between",
    "distance_moved",
    "distance_to_point",
    "distance_to_region",
    "distance_to_wall",
    "enters",
    "facing",
    "follow",
    "gap_between",
    "head_angle",
    "heading",
    "immobile",
    "in_region",
    "latency_to_region",
    "leaves",
    "mean_speed",
    "moving",
    "near",
    "nearest_neighbour",
    "nearest_neighbour_distance",
    "outside_region",
    "region_entries",
    "scored",
    "speed",
    "speed_between",
    "time_in_region",
    "turning_speed",
]
