"""Small files of every format that is read, made as their programs write them, values known.

Two animals, a and b, walk through N frames; `TRUE` says where each is, NaN where it is not seen.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask

N = 12
FRAMES = np.arange(N)
A = np.stack([10.25 + 2 * FRAMES, 50.5 + FRAMES], axis=1)
B = np.stack([90.75 - 3 * FRAMES, 20.125 + 0.5 * FRAMES], axis=1)
MISSING = 5  # the frame in which b is not found
B[MISSING] = np.nan
TRUE = np.stack([A, B], axis=1)  # (N, 2, 2) px
BOX = np.array([8.0, 6.0])  # width and height
SURE = 0.875
CM_PER_PX = 0.0625


def _write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def idtracker_h5(folder: Path) -> Path:
    """trajectories.h5 of version 6, animals named."""
    path = folder / "trajectories.h5"
    with h5py.File(path, "w") as file:
        file["trajectories"] = TRUE
        file["id_probabilities"] = np.where(np.isnan(TRUE[..., 0]), np.nan, SURE)
        file.attrs["version"] = "6.0.14"
        file.attrs["frames_per_second"] = 29.97
        file.attrs["length_unit"] = -1
        file.attrs["identities_labels"] = ["anna", "bob"]
        file.attrs["video_paths"] = ["/data/clip.mp4"]
    return path


def idtracker_wide(folder: Path) -> Path:
    """trajectories.csv of version 5 with its attributes.json."""
    said = {"frames_per_second": 25.0, "identities_labels": ["anna", "bob"], "length_unit": None}
    (folder / "attributes.json").write_text(json.dumps(said))
    rows = [
        f"{i / 25:.3f}," + ",".join("nan" if np.isnan(v) else f"{v:.3f}" for v in TRUE[i].ravel())
        for i in FRAMES
    ]
    return _write(folder / "trajectories.csv", ["time,x1,y1,x2,y2", *rows])


def idtracker_tidy(folder: Path) -> Path:
    """trajectories_tidy.csv of version 6, individuals from 0."""
    rows = [
        f"{i},{i / 25:.3f},{k},{x:.3f},{y:.3f},{SURE}".replace("nan", "")
        for i in FRAMES for k, (x, y) in enumerate(TRUE[i])
    ]  # fmt: skip
    return _write(
        folder / "trajectories_tidy.csv", ["frame,time,individual,x,y,probability", *rows]
    )


def trex_npz(folder: Path, animal: int) -> Path:
    """One animal of TRex: cm, inf where missing, frames from 3."""
    path = folder / f"clip_fish{animal}.npz"
    places = TRUE[3:, animal] * CM_PER_PX
    gone = np.isnan(places[:, 0])
    places = np.where(np.isnan(places), np.inf, places)
    np.savez(
        path, **{"X#wcentroid": places[:, 0], "Y#wcentroid": places[:, 1]},
        X=places[:, 0] + 0.5, Y=places[:, 1], frame=FRAMES[3:].astype(np.float32),
        missing=gone.astype(np.float32), num_pixels=np.where(gone, np.inf, 40.0 + animal),
        cm_per_pixel=np.array([CM_PER_PX]), frame_rate=np.array([25.0]), id=np.array([animal]),
    )  # fmt: skip
    return path


def trex_csv(folder: Path, animal: int) -> Path:
    """The same as CSV, which does not say the scale."""
    rows = []
    for i in FRAMES[3:]:
        x, y = TRUE[i, animal] * CM_PER_PX
        gone = np.isnan(x)
        rows.append(f"{i},inf,inf,1" if gone else f"{i},{x},{y},0")
    return _write(
        folder / f"clip_fish{animal}.csv",
        ["frame,X#wcentroid (cm),Y#wcentroid (cm),missing", *rows],
    )


def movement_nc(folder: Path, kind: str = "poses") -> Path:
    """A netCDF4 data set of `movement` 0.17, as xarray writes it with HDF5."""
    path = folder / f"{kind}.nc"
    boxes = kind == "bboxes"
    dims = ["time", "space", *([] if boxes else ["keypoint"]), "individual"]
    with h5py.File(path, "w") as file:
        file["time"] = FRAMES / 25
        for name, labels in (("space", ["x", "y"]), ("keypoint", ["nose"]),
                             ("individual", ["anna", "bob"])):  # fmt: skip
            if name in dims:
                file.create_dataset(name, data=labels, dtype=h5py.string_dtype())
        for name in dims:
            file[name].make_scale(name)
        place = TRUE.transpose(0, 2, 1)  # time, space, individual
        file["position"] = place if boxes else place[:, :, None]
        sure = np.where(np.isnan(TRUE[..., 0]), np.nan, SURE)
        file["confidence"] = sure if boxes else sure[:, None]
        variables = {"position": dims, "confidence": [one for one in dims if one != "space"]}
        if boxes:
            file["shape"] = np.broadcast_to(BOX[None, :, None], place.shape)
            variables["shape"] = dims
        for name, axes in variables.items():
            for number, axis in enumerate(axes):
                file[name].dims[number].attach_scale(file[axis])
        file.attrs.update(fps=25.0, time_unit="seconds", ds_type=kind, source_software="SLEAP")
    return path


def mot(folder: Path) -> Path:
    """Results of the MOTChallenge: frames from 1, b not listed where it is not seen."""
    rows = []
    for i in FRAMES:
        for k, (x, y) in enumerate(TRUE[i]):
            if not np.isnan(x):
                left, top = x - BOX[0] / 2, y - BOX[1] / 2
                rows.append(f"{i + 1},{k + 1},{left},{top},{BOX[0]},{BOX[1]},{SURE},-1,-1,-1")
    return _write(folder / "results.txt", rows)


def annolid(folder: Path) -> Path:
    """Annolid's tracking CSV; one track number for all, so the name says who it is."""
    rows = []
    for i in FRAMES:
        for name, (x, y) in zip(("anna", "bob"), TRUE[i], strict=True):
            if not np.isnan(x):
                corners = (x - BOX[0] / 2, y - BOX[1] / 2, x + BOX[0] / 2, y + BOX[1] / 2)
                rows.append(",".join(map(str, (i, *corners, x, y, name, SURE, "", 0))))
    header = "frame_number,x1,y1,x2,y2,cx,cy,instance_name,class_score,segmentation,tracking_id"
    return _write(folder / "clip_tracking.csv", [header, *rows])


def octron(folder: Path, animal: int) -> Path:
    """One track of OCTRON; in frame 2 it fell into two pieces of 30 and 10 px."""
    rows = []
    for i in FRAMES:
        x, y = TRUE[i, animal]
        if np.isnan(x):
            continue
        area, place = "40.0", (f"{x}", f"{y}")
        if i == 2:  # 30 * (x - 1) + 10 * (x + 3) is 40 * x
            area, place = '"(30.0, 10.0)"', (f'"({x - 1}, {x + 3})"', f'"({y}, {y})"')
        sides = (x - BOX[0] / 2, x + BOX[0] / 2, y - BOX[1] / 2, y + BOX[1] / 2)
        rows.append(",".join(map(str, (i, i, animal + 1, "fish", SURE, *place, *sides, area))))
    about = [
        "video_name: clip.mp4",
        f"frame_count: {N}",
        f"frame_count_analyzed: {N}",
        "video_height: 100",
        "video_width: 200",
        "created_at: 2025-10-04 09:06:31",
        "",
    ]
    header = (
        "frame_counter,frame_idx,track_id,label,confidence,pos_x,pos_y,bbox_x_min,bbox_x_max,"
        "bbox_y_min,bbox_y_max,area"
    )
    return _write(folder / f"fish_track_{animal + 1}.csv", [*about, header, *rows])


def coco(folder: Path) -> Path:
    """COCO with tracks: boxes, and a key point that is only seen in b."""
    notes = []
    for i in FRAMES:
        for k, (x, y) in enumerate(TRUE[i]):
            if not np.isnan(x):
                box = [x - BOX[0] / 2, y - BOX[1] / 2, *BOX]
                nose = [x + 1, y, 2 if k else 0]
                notes.append({"id": len(notes), "image_id": 100 + int(i), "category_id": 1,
                              "track_id": k + 1, "bbox": box, "score": SURE,
                              "keypoints": nose})  # fmt: skip
    images = [{"id": 100 + int(i), "file_name": f"clip/{i:06d}.png"} for i in FRAMES]
    kinds = [{"id": 1, "name": "mouse", "keypoints": ["nose"]}]
    path = folder / "tracks.json"
    path.write_text(json.dumps({"images": images, "annotations": notes, "categories": kinds}))
    return path


def coco_outlines(folder: Path) -> Path:
    """COCO with tracks and outlines: a as a triangle, b as run lengths of a frame of 200 x 100."""
    notes = []
    for i in FRAMES:
        for k, (x, y) in enumerate(TRUE[i].round()):
            if not np.isnan(x):
                box = [x, y, 6, 4]
                shape: object = [[x, y, x + 6, y, x, y + 4]]
                if k:
                    mask = np.zeros((100, 200), np.uint8)
                    mask[int(y) : int(y) + 4, int(x) : int(x) + 6] = 1
                    coded = coco_mask.encode(np.asfortranarray(mask))
                    shape = {**coded, "counts": coded["counts"].decode()}
                notes.append({"id": len(notes), "image_id": int(i), "category_id": 1,
                              "track_id": k + 1, "bbox": box, "segmentation": shape})  # fmt: skip
    images = [{"id": int(i), "file_name": f"{i:06d}.png", "width": 200, "height": 100}
              for i in FRAMES]  # fmt: skip
    path = folder / "outlines.json"
    kinds = [{"id": 1, "name": "mouse"}]
    path.write_text(json.dumps({"images": images, "annotations": notes, "categories": kinds}))
    return path


def annolid_outlines(folder: Path) -> Path:
    """Annolid's tracking CSV with the outline of every animal, a box of 6 x 4 px."""
    lines = ["frame_number,x1,y1,x2,y2,cx,cy,instance_name,class_score,segmentation,tracking_id"]
    for i in FRAMES:
        for name, (x, y) in zip(("anna", "bob"), TRUE[i].round(), strict=True):
            if not np.isnan(x):
                mask = np.zeros((100, 200), np.uint8)
                mask[int(y) : int(y) + 4, int(x) : int(x) + 6] = 1
                coded = coco_mask.encode(np.asfortranarray(mask))
                cells = (i, x, y, x + 6, y + 4, x + 3, y + 2, name, SURE, f'"{coded}"', 0)
                lines.append(",".join(map(str, cells)))
    return _write(folder / "outlined_tracking.csv", lines)


def nwb_file(session: str = "of a lab") -> Any:
    """An NWB file in memory, as labs make theirs."""
    from pynwb import NWBFile

    return NWBFile(session, "id", datetime(2026, 3, 1, 9, tzinfo=UTC))


def nwb_poses(
    file: Any, name: str, places: dict[str, np.ndarray], unit: str = "pixels", **clock: Any
) -> Any:
    """Add a PoseEstimation of ndx-pose with the (n, 2) places of every point; SURE throughout."""
    import ndx_pose

    series = [
        ndx_pose.PoseEstimationSeries(
            name=f"PoseEstimationSeries{point.title()}", data=xy, unit=unit,
            reference_frame="(0,0) is the top left corner", confidence=np.full(len(xy), SURE),
            confidence_definition="", **(clock or {"rate": 29.97}),
        )
        for point, xy in places.items()
    ]  # fmt: skip
    behavior = file.processing.get("behavior") or file.create_processing_module("behavior", "all")
    skeleton = ndx_pose.Skeleton(
        name=f"of {name}", nodes=list(places), edges=np.zeros((0, 2), "u1")
    )
    kept = behavior.data_interfaces.get("Skeletons")
    if kept is None:
        behavior.add(ndx_pose.Skeletons(skeletons=[skeleton]))
    else:
        kept.add_skeletons(skeleton)
    made = ndx_pose.PoseEstimation(
        name=name, pose_estimation_series=series, skeleton=skeleton, scorer="DLC_resnet50",
        source_software="DeepLabCut", original_videos=["clip.mp4"],
    )  # fmt: skip
    behavior.add(made)
    return made


def nwb_saved(file: Any, path: Path) -> Path:
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(str(path), "w") as out:
        out.write(file)
    return path


def nwb(folder: Path) -> Path:
    """NWB of another program: two animals of one camera with a nose and a tail."""
    file = nwb_file()
    for k, name in enumerate(("anna", "bob")):
        nwb_poses(file, name, {"tail": TRUE[:, k] - 5, "nose": TRUE[:, k]})
    return nwb_saved(file, folder / "poses.nwb")


def nwb_bouts(folder: Path) -> Path:
    """NWB of another program with nothing but intervals, one label each."""
    from pynwb.epoch import TimeIntervals

    file = nwb_file()
    table = TimeIntervals(name="scored", description="by hand")
    table.add_column("label", "what it does")
    for start, stop, label in ((1.5, 3.0, "groom"), (2.25, 2.25, "rear"), (4.0, 6.5, "groom")):
        table.add_row(start_time=start, stop_time=stop, label=label)
    file.create_processing_module("behavior", "all").add(table)
    file.add_trial(start_time=0.0, stop_time=10.0)
    return nwb_saved(file, folder / "scored.nwb")


def mabe_tracking(folder: Path) -> Path:
    """Tracking of MABe 2025 with its train.csv."""
    path = folder / "train_tracking" / "lab" / "7.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"video_frame": int(i), "mouse_id": k + 1, "bodypart": part, "x": x + shift, "y": y}
        for i in FRAMES for k, (x, y) in enumerate(TRUE[i]) if not np.isnan(x)
        for part, shift in (("nose", 0.0), ("tail_base", -4.0))
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(path)
    _write(
        folder / "train.csv",
        ["lab_id,video_id,frames_per_second,pix_per_cm_approx", "lab,6,25,9", "lab,7,30.0,16.0"],
    )
    return path


def simba(folder: Path, chances: bool = True) -> Path:
    """Machine results of SimBA: body points, and attack in the frames 2 to 4 and 9 to 11."""
    path = folder / "project_folder" / "csv" / "machine_results" / "clip.csv"
    does = np.isin(FRAMES, (2, 3, 4, 9, 10, 11)).astype(int)
    columns: dict[str, object] = {"": FRAMES}
    for number, points in enumerate((A, A + 1), start=1):
        columns |= {f"Nose_{number}_x": points[:, 0], f"Nose_{number}_y": points[:, 1],
                    f"Nose_{number}_p": SURE}  # fmt: skip
    if chances:
        columns["Probability_Attack"] = does * 0.75
    columns["Attack"] = does
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(path, index=False)
    _write(
        folder / "project_folder" / "logs" / "video_info.csv",
        ["Video,fps,Resolution_width,Resolution_height,Distance_in_mm,pixels/mm",
         "other,25,1,1,1,9", "clip,30.0,200,100,10,1.5"],
    )  # fmt: skip
    return path


def ethovision(folder: Path) -> Path:
    """Manual scores of EthoVision: a header, then names and units."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    rows = [["Number of header lines:", 6], ["Experiment", "x"], ["Video file", r"C:\v\clip.mpg"],
            [], ["Recording time", "Subject", "Behavior", "Event"], ["(s)", "", "", ""],
            [1.5, "Subject 1", "groom", "state start"], [2.25, "Subject 1", "rear", "point event"],
            [3.0, "Subject 1", "groom", "state stop"],
            [4.0, "Subject 1", "groom", "state start"]]  # fmt: skip
    for row in rows:
        sheet.append(row)
    path = folder / "scores.xlsx"
    book.save(path)
    return path


def observer(folder: Path) -> Path:
    """An event log of The Observer XT."""
    return _write(
        folder / "log.csv",
        ["Time_Relative_hmsf,Observation,Subject,Behavior,Event_Type",
         "0:00:01.5,clip,rat,groom,State start", "0:00:02.25,clip,rat,rear,Point",
         "0:00:03.0,clip,rat,groom,State stop"],
    )  # fmt: skip


def mabe_bouts(folder: Path) -> Path:
    """Annotations of MABe 2025: stop is exclusive; mouse 1 to itself and to mouse 2."""
    path = folder / "train_annotation" / "lab" / "7.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(
        {"agent_id": [1, 1], "target_id": [1, 2], "action": ["rear", "sniff"],
         "start_frame": [2, 5], "stop_frame": [4, 9]}
    ).to_parquet(path)  # fmt: skip
    return path


def boris_aggregated(folder: Path) -> Path:
    """An aggregated export of BORIS 9, observed from second 100 on."""
    header = ["Observation id", "Observation date", "Description", "Observation type", "Source",
              "Time offset (s)", "Coding duration", "Media duration (s)", "FPS (frame/s)",
              "Subject", "Behavior", "Behavioral category", "Modifier #1", "Behavior type",
              "Start (s)", "Stop (s)", "Duration (s)", "Media file name", "Comment start",
              "Comment stop"]  # fmt: skip
    start = ["o1", "2025-01-01", "", "Media file(s)", "player #1", "100", "20", "60", "25"]
    rows = [
        [*start, "rat", "groom", "", "long", "STATE", "101.500", "103.000", "1.500", "clip.mp4",
         "so", "NA"],
        [*start, "No focal subject", "rear", "", "None", "POINT", "102.250", "102.250", "NA",
         "clip.mp4", "", ""],
    ]  # fmt: skip
    return _write(folder / "events.tsv", ["\t".join(row) for row in (header, *rows)])


TRACKS = {
    "idtracker_h5": idtracker_h5, "idtracker_wide": idtracker_wide,
    "idtracker_tidy": idtracker_tidy, "trex_npz": lambda folder: trex_npz(folder, 0),
    "trex_csv": lambda folder: trex_csv(folder, 1), "movement": movement_nc,
    "movement_boxes": lambda folder: movement_nc(folder, "bboxes"), "mot": mot,
    "nwb": nwb, "coco_outlines": coco_outlines, "annolid_outlines": annolid_outlines,
    "annolid": annolid, "octron": lambda folder: octron(folder, 0), "coco": coco,
    "mabe_tracking": mabe_tracking,
}  # fmt: skip
SCORES = {
    "simba": simba, "ethovision": ethovision, "observer": observer, "mabe": mabe_bouts,
    "boris_aggregated": boris_aggregated, "nwb_bouts": nwb_bouts,
}  # fmt: skip
