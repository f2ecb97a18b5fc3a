"""How many animals were found over the video, as a strip of bars."""

from __future__ import annotations

import plotly.graph_objects as go

from app.setting_up.preview import count_table
from app.setting_up.preview_work import Preview

RIGHT, WRONG = "#009E73", "#D55E00"  # told apart with any colour vision
HEIGHT = 170  # px


def count_strip(found: Preview, duration_s: float) -> go.Figure:
    """One bar for each sampled frame: as high as the number found, coloured where it is wrong.

    With arenas a bar is as high as there are arenas, and the part of it coloured that are wrong.
    """
    table = count_table(found)
    wide = duration_s / max(len(table), 1)
    figure = go.Figure()
    for heights, colours, said in _parts(found):
        figure.add_bar(
            x=table["time_s"] + wide / 2,
            y=heights,
            width=wide * 0.9,
            customdata=table[["frame", "time_s"]].assign(said=said),
            marker={"color": colours},
            hovertemplate="%{customdata[2]} at %{customdata[1]:.1f} s, frame %{customdata[0]}"
            "<br>Click to see it<extra></extra>",
        )
    top = len(found.arenas) or found.animals
    figure.add_hline(y=top, line={"width": 1, "dash": "dot"})
    figure.update_xaxes(title="Time (s)", range=[0, duration_s])
    most = max([top, *([] if found.arenas else found.counts)]) + 0.6
    title = "Arenas" if found.arenas else "Found"
    figure.update_yaxes(title=title, range=[0, most], dtick=max(1, round(most / 4)))
    figure.update_layout(
        height=HEIGHT, margin={"l": 10, "r": 10, "t": 6, "b": 10}, showlegend=False, bargap=0.05,
        dragmode=False, barmode="stack",
    )  # fmt: skip
    return figure


def _parts(found: Preview) -> list[tuple[list[int], list[str], list[str]]]:
    """Heights, colours and words of the bars, for each layer of them."""
    if not found.arenas:
        colours = [RIGHT if right else WRONG for right in found.right]
        return [(found.counts, colours, [f"{count} found" for count in found.counts])]
    right = found.as_expected
    n = len(right)
    wrong = [[name for name, good in zip(found.arenas, row, strict=True) if not good]
             for row in right]  # fmt: skip
    said = [_amiss(names) for names in wrong]
    heights = right.sum(axis=1).tolist()
    return [
        (heights, [RIGHT] * n, said),
        ([len(names) for names in wrong], [WRONG] * n, said),
    ]


def _amiss(names: list[str]) -> str:
    """Which arenas are wrong, in words.

    >>> _amiss(["a", "b", "c", "d", "e"])
    'Wrong in a, b, c and 2 more'
    """
    if not names:
        return "All arenas right"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"Wrong in {', '.join(names[:3])}{more}"
