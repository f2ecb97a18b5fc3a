"""What the columns of an exported table mean: for people, in the dictionary beside every export."""

from __future__ import annotations

from dataclasses import dataclass

from storage.bouts import REMARKS


@dataclass(frozen=True)
class Column:
    """One column, or one field of a file: its unit, its meaning, and what missing looks like."""

    name: str
    unit: str
    meaning: str
    missing: str = "never"


EMPTY = "empty"
NOT_FOUND = "empty where the animal was not found"
UNSCALED = "empty where the animal was not found, or the video has no scale"
VIDEO = Column("video", "", "Name of the video in the study")
TRACKS = (
    VIDEO,
    Column("frame", "frames", "Frame number, from 0"),
    Column("time_s", "s", "Time since the first frame, as the video file gives it"),
    Column("animal", "", "Name of the animal"),
    Column("x_px", "px", "Centre of the animal, from the left edge of the picture", NOT_FOUND),
    Column("y_px", "px", "Centre of the animal, down from the top edge", NOT_FOUND),
    Column("x_cm", "cm", "x_px by the video's scale", UNSCALED),
    Column("y_cm", "cm", "y_px by the video's scale", UNSCALED),
    Column("heading_deg", "degrees", "0 right, 90 up on the screen, -180 to 180",
           "empty where unknown"),
    Column("length_px", "px", "Length of the body", "empty where unknown"),
    Column("width_px", "px", "Width of the body", "empty where unknown"),
    Column("area_px", "square px", "Area of the outline", "empty where there is no outline"),
    Column("speed_cm_s", "cm/s",
           "Central difference of the centre over the true frame times, one-sided at the ends of a "
           "tracked stretch; not smoothed", "empty beside gaps on both sides, or without scale"),
    Column("detected", "", "true where the animal was found in this frame"),
    Column("identity_confidence", "0 to 1", "How sure it is who this is", "empty where not judged"),
    Column("edited", "", "By hand: how a person changed this row (interpolated, moved, outline, "
           "cleared, deleted). Interpolated rows keep detected = false",
           "empty where the row is as tracked"),
)  # fmt: skip
POINT = (
    Column("<point>_x_px", "px", "Body point, from the left edge", "empty where not found"),
    Column("<point>_y_px", "px", "Body point, down from the top edge", "empty where not found"),
    Column("<point>_confidence", "0 to 1", "How sure the place of the point is",
           "empty where not found, or where the source says nothing"),
)  # fmt: skip
BOUTS = (
    VIDEO,
    Column("behaviour", "", "Name of the behaviour"),
    Column("subject", "", "Animal that does it"),
    Column("target", "", "Animal or region it is done to", "empty where there is none"),
    Column("kind", "", "state (has a duration) or point (a moment)"),
    Column("start_frame", "frames", "First frame of the bout, from 0"),
    Column("stop_frame", "frames", "The frame after its last one"),
    Column("start_s", "s", "Time of start_frame"),
    Column("stop_s", "s", "Time of stop_frame"),
    Column("duration_s", "s", "stop_s - start_s"),
    Column("source", "", "Where it comes from: person, analysis or the name of an import"),
    Column("annotator", "", "Who scored it", "empty where no person did"),
    Column("definition", "", "The rule, with its thresholds and units",
           "empty where a person decided"),
)  # fmt: skip
REMARK = {
    "modifiers": Column("modifiers", "JSON", "What was said of it more closely", EMPTY),
    "comment": Column("comment", "", "What the person wrote of it", EMPTY),
}
MEASURES = (
    VIDEO,
    Column("animal", "", "Name of the animal"),
    Column("region", "", "Region the measure is about", "empty where it is about none"),
    Column("bin_start_s", "s", "Begin of the time bin"),
    Column("bin_stop_s", "s", "End of the time bin"),
    Column("measure", "", "Name of the measure; defined below"),
    Column("value", "see unit", "Its value", "empty where it is not defined"),
    Column("unit", "", "Unit of the value"),
    Column("tracked_fraction", "0 to 1", "Share of the bin's frames in which the animal was found"),
)
SUMMARY = (
    VIDEO,
    Column("frames", "frames", "Length of the video"),
    Column("duration_s", "s", "Length of the video"),
    Column("fps", "frames/s", "Frame rate"),
    Column("animal", "", "Name of the animal"),
    Column("tracked_fraction", "0 to 1", "Share of the frames in which the animal was found"),
    Column("distance_moved", "see distance_unit",
           "Sum of the steps between neighbouring frames in which it was found, not smoothed"),
    Column("distance_unit", "", "cm, or px without a scale"),
    Column("mean_speed", "see speed_unit", "distance_moved by the time those steps took",
           "empty where there was no step"),
    Column("speed_unit", "", "cm/s, or px/s without a scale"),
)  # fmt: skip
LATENCY = (
    VIDEO,
    Column("animal", "", "Name of the animal"),
    Column("event", "", "Behaviour, or region entered"),
    Column("kind", "", "state, point or region"),
    Column("latency_s", "s", "Time until it first happened", "empty where it never did"),
    Column("censored", "", "1 where it never happened while watched, else 0"),
    Column("watched_s", "s", "How long was watched until then"),
    Column("source", "", "Where it comes from"),
    Column("annotator", "", "Who scored it", "empty where no person did"),
    Column("definition", "", "The rule", "empty where a person decided"),
)
MASKS = (
    VIDEO,
    Column("frame", "frames", "Frame number, from 0"),
    Column("time_s", "s", "Time since the first frame"),
    Column("animal", "", "Name of the animal"),
    Column("x0", "px", "Left edge of the box around the outline"),
    Column("y0", "px", "Top edge of the box"),
    Column("width", "px", "Width of the box"),
    Column("height", "px", "Height of the box"),
    Column("area_px", "square px", "Pixels of the outline"),
    Column("picture_width", "px", "Width of the video's pictures"),
    Column("picture_height", "px", "Height of the video's pictures"),
    Column("rle", "px", "The outline in the whole picture, packed as COCO does: "
           'pycocotools.mask.decode({"size": [picture_height, picture_width], "counts": rle})'),
)  # fmt: skip
KNOWN = {
    "tracks": (*TRACKS, *POINT), "bouts": (*BOUTS, *(REMARK[name] for name in REMARKS)),
    "measures": MEASURES, "summary": SUMMARY, "latency": LATENCY, "masks": MASKS,
}  # fmt: skip


def described(what: str, columns: list[str]) -> list[Column]:
    """The columns a table really has, each with its meaning as far as it is known.

    >>> [one.unit for one in described("tracks", ["frame", "nose_x_px"])]
    ['frames', 'px']
    """
    known = {one.name: one for one in KNOWN.get(what, ())}
    found = []
    for name in columns:
        points = [one for one in POINT if name.endswith(one.name.removeprefix("<point>"))]
        others = points if what == "tracks" else []
        one = known.get(name) or next(iter(others), Column(name, "", "", EMPTY))
        found.append(Column(name, one.unit, one.meaning, one.missing))
    return found
