"""What a file is that no reader takes, and which command would."""

from __future__ import annotations

from storage.readers.files import DAMAGE, Head

_KINDS = {
    "empty": "empty: copy it again",
    "video": "a video, which ethoscribe track takes",
    "picture": "a picture, which ethoscribe labels import takes with its labels",
    "mat": "a MATLAB file, which is not read: save its tables there as CSV",
    "gzip": "packed: unpack it first",
    "zip": "packed: unpack it first",
    "netcdf3": "an old netCDF file, which is not read: save it as netCDF4",
    "npy": "an .npy file, in which trackers keep pickles, and these are never opened: idtracker.ai "
    "writes the same as HDF5 with: idtrackerai_format session_x --formats h5",
    "pickle": "a pickle, which could run any program and is never opened: idtracker.ai writes the "
    "same with: idtrackerai_format session_x --formats h5, and DeepLabCut as CSV or HDF5",
    "binary": "neither text nor a format that is known here",
}  # fmt: skip
_NAMES = 12
DECIDED = "which ethoscribe"  # in the words for what another command takes
_BUDGET = {"behavior", "duration", "duration_mean", "number"}


def describe(head: Head) -> str:
    """In words, what a file is that is not for import.

    >>> from pathlib import Path
    >>> describe(Head(Path("a.npy"), b"\\x93NUMPY"))[:12]
    'an .npy file'
    """
    try:
        return _described(head)
    except DAMAGE as error:
        reason = " ".join(str(error).split())
        return "damaged: it ends too early" if "truncated" in reason else f"damaged ({reason[:80]})"


def _described(head: Head) -> str:
    if head.kind in _KINDS:
        return _KINDS[head.kind]
    if head.kind == "json":
        return _json(head)
    if head.kind == "hdf5" and {"identifier", "session_start_time"} <= set(_members(head)):
        return "an NWB file without poses (PoseEstimation) or intervals of behaviour"
    if head.kind == "hdf5":
        return f"an HDF5 file with {_listed(_members(head))}"
    if head.kind == "parquet":
        from pyarrow.parquet import read_schema

        return f"a Parquet table of {_listed(read_schema(head.path).names)}"
    if head.kind in ("npz", "xlsx"):
        what = {"npz": "an .npz file", "xlsx": "an Excel workbook"}[head.kind]
        return f"{what} without what a tracker or a scoring program writes there"
    return _text(head)


def _json(head: Head) -> str:
    try:
        found = head.json
    except ValueError:
        return "a damaged JSON file"
    if isinstance(found, dict) and {"shapes", "imagePath"} <= set(found):
        return "labels of LabelMe, which ethoscribe labels import takes"
    if isinstance(found, dict) and {"images", "annotations"} <= set(found):
        return "labels in COCO format without track ids, which ethoscribe labels import takes"
    if isinstance(found, dict) and found.get("type") == "FeatureCollection":
        return "GeoJSON of regions, which ethoscribe regions takes"
    first = found[0] if isinstance(found, list) and found else {}
    if isinstance(first, dict) and set(first) >= _BUDGET:
        return "a time budget of BORIS, which has sums and no bouts: export its events instead"
    if isinstance(first, dict) and first:
        return f"a JSON list of entries with {_listed(list(first))}"
    keys = list(found) if isinstance(found, dict) else []
    return f"a JSON file with {_listed(keys)}" if keys else "a JSON file"


def _members(head: Head) -> list[str]:
    import h5py

    with h5py.File(head.path) as file:
        return list(file)


def _text(head: Head) -> str:
    if head.lines and head.lines[0].strip('"').startswith("Number of header lines"):
        return "raw data of EthoVision, of which manual scores alone are read"
    lines = [line.split() for line in head.lines[:5] if line.strip()]
    if lines and all(_is_yolo(cells) for cells in lines):
        return "labels of YOLO, which ethoscribe labels import takes"
    names = [name for name in head.columns if name]
    if not names:
        return "a text without a word in its first line"
    if len(names) > 1 and not any(_is_number(name) for name in names):
        return f"a table with the columns {_listed(names)} ({_hint(names)})"
    return f"a text that begins with {head.lines[0].strip()[:60]!r}"


def _hint(names: list[str]) -> str:
    """What a table needs to be read without being of any program."""
    if "video" in names:
        return "ethoscribe metadata import takes tables of videos"
    return (
        "a table of positions has frame, x, y and id, one of bouts start_frame and stop_frame or "
        "start_s and stop_s"
    )


def _is_yolo(cells: list[str]) -> bool:
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    return (
        len(cells) >= 5
        and len(numbers) == len(cells)
        and cells[0].isdigit()
        and all(0 <= number <= 1 for number in numbers[1:])
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return (", ".join(str(name)[:40] for name in names[:_NAMES]) or "nothing in it") + more
