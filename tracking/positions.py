"""Positions of animals as a table, frame,id,x,y: read a truth file, check any such table."""

from pathlib import Path

import numpy as np
import pandas as pd

from tracking.errors import TrackingError

COLUMNS = ("frame", "id", "x", "y")


def read_truth(path: Path | str) -> pd.DataFrame:
    """Read true positions from a CSV with the columns frame,id,x,y (pixels, frames from 0).

    A row without x or y says that the animal is not there, and is left out.
    """
    path = Path(path)
    try:
        table = pd.read_csv(path, encoding="utf-8-sig", skipinitialspace=True)
    except FileNotFoundError as error:
        raise TrackingError(f"No truth file {path}. Check the path.") from error
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TrackingError(
            f"Cannot read {path} as a CSV with the columns frame,id,x,y "
            f"({str(error).splitlines()[0]})."
        ) from error
    return check_positions(table, f"The truth {path}")


def check_positions(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return the rows with a position, by frame and id, or say what is wrong with the table."""
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise TrackingError(
            f"{what} has no column {', '.join(missing)}; it needs "
            f"{','.join(COLUMNS)} and has {','.join(map(str, table.columns))}."
        )
    numbers = pd.DataFrame({name: _numbers(table[name], what) for name in ("frame", "x", "y")})
    numbers.insert(1, "id", table["id"])
    numbers = numbers[numbers["x"].notna() & numbers["y"].notna()]
    if not np.isfinite(numbers[["x", "y"]]).all(axis=None):
        raise TrackingError(f"{what} has an infinite x or y; leave the cell empty if unknown.")
    frames = numbers["frame"]
    if not (np.isfinite(frames) & (frames == frames.round()) & (frames >= 0)).all():
        raise TrackingError(f"{what} has a frame that is not a whole number from 0.")
    if numbers["id"].isna().any():
        raise TrackingError(f"{what} has a position without an id. Give every animal its own.")
    twice = numbers[numbers[["frame", "id"]].duplicated()]
    if len(twice):
        raise TrackingError(
            f"{what} lists id {twice['id'].iloc[0]} twice in frame "
            f"{int(twice['frame'].iloc[0])}. Keep one row per animal and frame."
        )
    return numbers.astype({"frame": np.int64}).sort_values(["frame", "id"], ignore_index=True)


def frames_listed(table: pd.DataFrame) -> tuple[int, int]:
    """The first and the last frame of a checked table, also where it says that nobody is there."""
    frames = pd.to_numeric(table["frame"], errors="coerce")
    frames = frames[np.isfinite(frames) & (frames >= 0)]
    return int(frames.min()), int(frames.max())


def _numbers(column: pd.Series, what: str) -> pd.Series:
    """Return a column as numbers, NaN where it is empty."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    words = (numbers.isna() & column.notna()).to_numpy()
    if words.any():
        row = int(np.argmax(words))
        raise TrackingError(
            f"{what} has {column.iloc[row]!r} as {column.name} in row {row + 1}; "
            "that column holds numbers."
        )
    return numbers
