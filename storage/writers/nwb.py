"""NWB: a file per video with the poses of every animal (ndx-pose) and the bouts as intervals."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from storage.errors import StudyError
from storage.writers.columns import BOUTS, REMARK, Column
from storage.writers.provenance import as_text, facts_of, program_of
from storage.writers.taking import Taken, pose_array

NAME, TITLE, ENDING = "nwb", "NWB with ndx-pose", ".nwb"
HOLDS, MANY, NEEDS = ("tracks", "bouts"), False, ("tracks", "keypoints")
COLUMNS = (
    Column("processing/behavior/<animal>", "", "PoseEstimation of one animal"),
    Column("<animal>/<point>/data", "px", "Place (frame, x and y), from the top left", "NaN"),
    Column(
        "<animal>/<point>/confidence",
        "0 to 1",
        "How sure the place is; 0 where a person filled a gap",
        "NaN",
    ),
    Column("<animal>/<point>/timestamps", "s", "Time since the first frame"),
    Column(
        "processing/behavior/bouts", "", "Intervals: start_time, stop_time and columns of bouts"
    ),
    Column("notes", "JSON", "Where the numbers come from"),
)
SUBJECT = ("species", "sex", "age", "genotype", "strain", "weight")  # metadata that NWB knows
FRAME = "The top left corner of the picture is (0, 0), x to the right, y down."
TEXTS = ("behaviour", "subject", "target", "kind", "source", "annotator", "definition",
         "modifiers", "comment")  # fmt: skip


def write(
    videos: Sequence[Taken], what: str, file: Path, step: Callable[[int, int], None]
) -> list[str]:
    """Write the poses and the bouts of one video; one point's course at a time is in memory."""
    pynwb, ndx_pose = _packages()
    (taken,) = videos
    made = _file(pynwb, taken)
    film = _film(pynwb, made, taken)
    module = made.create_processing_module("behavior", "Poses and bouts, by ethoscribe")
    if taken.run:
        _add_poses(ndx_pose, module, taken, film)
    if len(taken.bouts):
        module.add(_bouts(pynwb, taken))
    step(1, 2)
    with pynwb.NWBHDF5IO(str(file), "w") as out:
        out.write(made)
    step(2, 2)
    single = len(taken.animals) == 1
    return [] if single else ["several animals in one file: it has poses of each, and no subject"]


def _packages() -> tuple[Any, Any]:
    try:
        return import_module("pynwb"), import_module("ndx_pose")
    except ImportError as error:
        raise StudyError(
            f"NWB needs the extra 'formats', which is not installed ({error}): pip install "
            "'ethoscribe[formats]'."
        ) from error


def _file(pynwb: Any, taken: Taken) -> Any:
    video = taken.video
    made = pynwb.NWBFile(
        session_description=f"Video {video.name}; the session's start is not known: it says when "
        "the video was added to the study",
        identifier=f"{video.content_hash}-{taken.run.run_id if taken.run else 'untracked'}",
        session_start_time=video.added_at,
        source_script=f"{program_of(taken)}, ethoscribe export",
        source_script_file_name="ethoscribe",
        notes=as_text([facts_of(taken)]),
    )
    if len(taken.animals) == 1:
        (name,) = taken.animals.values()
        known = {key.lower(): value for key, value in taken.known.items()}
        told = {key: known[key] for key in SUBJECT if known.get(key)}
        made.subject = pynwb.file.Subject(subject_id=name, **told)
    return made


def _film(pynwb: Any, made: Any, taken: Taken) -> Any:
    """Name the video, which lies beside the file and not in it."""
    camera = made.create_device("camera", description="Camera that filmed the video")
    film = pynwb.image.ImageSeries(
        name="video", format="external", external_file=[taken.video.path.name],
        rate=float(taken.video.fps), starting_frame=[0], num_samples=taken.video.n_frames,
        dimension=[taken.video.width, taken.video.height], unit="n.a.", device=camera,
        description="The video, beside this file",
    )  # fmt: skip
    made.add_acquisition(film)
    return film


def _add_poses(ndx_pose: Any, module: Any, taken: Taken, film: Any) -> None:
    poses = pose_array(taken)
    animals = list(taken.animals.values())
    # One subject's poses have the name that every reader of NWB looks for.
    names = _names(animals) if len(animals) > 1 else ["PoseEstimation"]
    times: Any = taken.time_s
    skeletons = []
    for row, animal in enumerate(animals):
        skeleton = ndx_pose.Skeleton(
            name=f"skeleton of {names[row]}", nodes=list(taken.points),
            edges=np.empty((0, 2), np.uint8),
        )  # fmt: skip
        series = _series(ndx_pose, taken, poses[row], animal, times)
        times = series[0]  # the first series has the times, all others point to it
        skeletons.append(skeleton)
        module.add(
            ndx_pose.PoseEstimation(
                name=names[row], pose_estimation_series=series, skeleton=skeleton,
                device=film.device, source_video=film,
                scorer=taken.run.segmenter if taken.run else "",
                description=f"Animal {animal} of {taken.video.name}",
                source_software="ethoscribe",
                source_software_version=program_of(taken).rpartition(" ")[2],
            )
        )  # fmt: skip
    module.add(ndx_pose.Skeletons(skeletons=skeletons))


def _series(ndx_pose: Any, taken: Taken, poses: np.ndarray, animal: str, times: Any) -> list[Any]:
    """The course of every point of one animal; `times` (n,) s or the series that has them."""
    found: list[Any] = []
    for at, name in enumerate(_names(taken.points)):
        one = ndx_pose.PoseEstimationSeries(
            name=name, data=np.ascontiguousarray(poses[at, :2].T), unit="pixels",
            reference_frame=FRAME, timestamps=found[0] if found else times,
            confidence=np.asarray(poses[at, 2]),
            confidence_definition="As the source says, 0 to 1; NaN where it says nothing",
            description=f"{taken.points[at]} of {animal}",
        )  # fmt: skip
        found.append(one)
    return found


def _bouts(pynwb: Any, taken: Taken) -> Any:
    bouts = taken.bouts
    told = {one.name: one.meaning for one in (*BOUTS, *REMARK.values())}
    columns = [
        _column("start_time", "Time of start_frame, s", bouts["start_s"].to_numpy(float)),
        _column("stop_time", "Time of stop_frame, s", bouts["stop_s"].to_numpy(float)),
        *(_column(name, told[name], bouts[name].to_numpy(np.int64))
          for name in ("start_frame", "stop_frame")),
        *(_column(name, told[name] + "; empty where there is none",
                  [text if isinstance(text, str) else "" for text in bouts[name]])
          for name in TEXTS),
    ]  # fmt: skip
    return pynwb.epoch.TimeIntervals(
        name="bouts", description="When which animal did what", columns=columns,
        colnames=[column.name for column in columns],
    )  # fmt: skip


def _column(name: str, description: str, data: Any) -> Any:
    return import_module("hdmf.common").VectorData(name=name, description=description, data=data)


def _names(names: Sequence[str]) -> list[str]:
    """Names of containers, which may have no / or : and must differ."""
    found: list[str] = []
    for name in names:
        safe = re.sub(r"[/:]", "_", name) or "_"
        while safe in found or safe in ("Skeletons", "bouts"):
            safe += "_"
        found.append(safe)
    return found
