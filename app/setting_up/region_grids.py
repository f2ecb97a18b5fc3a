"""Racks of tubes, well plates and rows of cages: arenas in rows and columns, each with a name.

Wells are named as on the plate, A1 at the upper left. Tubes are numbered down one column after the
other, cages along the rows; a frame turned by 180 degrees counts from the other end.
"""

from __future__ import annotations

from app.setting_up.region_parts import Measure, Template, box, disc
from storage.regions import Region

MOST_ROWS, MOST_COLUMNS = 26, 48  # of letters for the rows


def _rack(
    rows: float, columns: float, length: float, width: float, gap: float, between: float
) -> list[Region]:
    """Tubes that lie across, one below the other, in columns side by side."""
    names = _numbers("tube", int(rows * columns))
    cells = [(i, j) for j in range(int(columns)) for i in range(int(rows))]
    return _boxes(names, cells, (rows, columns), (length, width), (between, gap))


def _cages(
    rows: float, columns: float, width: float, height: float, gap: float
) -> list[Region]:  # fmt: skip
    """Cages or arenas side by side, counted as one reads."""
    names = _numbers("cage", int(rows * columns))
    cells = [(i, j) for i in range(int(rows)) for j in range(int(columns))]
    return _boxes(names, cells, (rows, columns), (width, height), (gap, gap))


def _numbers(word: str, count: int) -> list[str]:
    digits = max(len(str(count)), 2) if count > 9 else 1
    return [f"{word}_{k:0{digits}d}" for k in range(1, count + 1)]


def _boxes(
    names: list[str], cells: list[tuple[int, int]], shape: tuple[float, float],
    size: tuple[float, float], gap: tuple[float, float],
) -> list[Region]:  # fmt: skip
    """Boxes of `size` at (row, column), `gap` across and down between them."""
    (rows, columns), (width, height) = shape, size
    left = -(columns * width + (columns - 1) * gap[0]) / 2
    top = -(rows * height + (rows - 1) * gap[1]) / 2
    found = []
    for name, (row, column) in zip(names, cells, strict=True):
        x, y = left + column * (width + gap[0]), top + row * (height + gap[1])
        found.append(box(name, x, y, x + width, y + height, "arena"))
    return found


def _plate(rows: float, columns: float, across: float, pitch: float) -> list[Region]:
    """Round wells, `pitch` from middle to middle."""
    return [
        disc(
            f"{chr(ord('A') + row)}{column + 1}", (column - (columns - 1) / 2) * pitch,
            (row - (rows - 1) / 2) * pitch, min(across, pitch), "arena",
        )
        for row in range(int(rows)) for column in range(int(columns))
    ]  # fmt: skip


def _of(rows: int, columns: int) -> tuple[Measure, Measure]:
    return (
        Measure("rows", "Rows", rows, "", 1, MOST_ROWS),
        Measure("columns", "Columns", columns, "", 1, MOST_COLUMNS),
    )


def _wells(wells: int, rows: int, columns: int, across: float, pitch: float) -> Template:
    measures = (Measure("across", "Well, across", across), Measure("pitch", "Middle to middle",
                                                                   pitch))  # fmt: skip
    title = f"Well plate, {wells} wells"
    return Template(f"plate_{wells}", title, (*_of(rows, columns), *measures), _plate, grid=True)


# sizes: Drosophila activity tubes of 65 x 5 mm; SLAS plates (ANSI 4-2004) of 9 and 19.3 mm pitch;
# Eurostandard type II cages
GRIDS = {
    one.name: one
    for one in (
        Template("rack", "Rack of tubes", (
            *_of(10, 2), Measure("length", "Tube length", 6.5), Measure("width", "Tube width", 0.5),
            Measure("gap", "Gap below a tube", 0.2, least=0.0),
            Measure("between", "Gap between columns", 0.3, least=0.0),
        ), _rack, grid=True),
        _wells(24, 4, 6, 1.6, 1.93),
        _wells(96, 8, 12, 0.65, 0.9),
        Template("cages", "Cages side by side", (
            *_of(1, 2), Measure("width", "Cage width", 36.5),
            Measure("height", "Cage height", 20.7),
            Measure("gap", "Gap", 2.0, least=0.0),
        ), _cages, grid=True),
    )
}  # fmt: skip
