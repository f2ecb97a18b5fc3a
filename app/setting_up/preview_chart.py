"""How many animals were found over the video, as a strip of bars."""

from __future__ import annotations

import plotly.graph_objects as go

from app.setting_up.preview import count_table
from app.setting_up.preview_work import Preview

RIGHT, WRONG = "#009E73", "#D55E00"  # told apart with any colour vision
HEIGHT = 170  # px


def count_strip(found: Preview, duration_s: float) -> go.Figure:
    """One bar for each sampled frame: as high as the number found, coloured where it is wrong."""
    table = count_table(found)
    figure = go.Figure()
    wide = duration_s / max(len(table), 1)
    figure.add_bar(
        x=table["time_s"] + wide / 2,
        y=table["animals"],
        width=wide * 0.9,
        customdata=table[["frame", "time_s", "animals"]],
        marker={"color": [RIGHT if right else WRONG for right in table["right"]]},
        hovertemplate="%{customdata[2]} found at %{customdata[1]:.1f} s, frame %{customdata[0]}"
        "<br>Click to see it<extra></extra>",
    )
    figure.add_hline(y=found.animals, line={"width": 1, "dash": "dot"})
    figure.update_xaxes(title="Time (s)", range=[0, duration_s])
    most = max([found.animals, *found.counts]) + 0.6
    figure.update_yaxes(title="Found", range=[0, most], dtick=max(1, round(most / 4)))
    figure.update_layout(
        height=HEIGHT, margin={"l": 10, "r": 10, "t": 6, "b": 10}, showlegend=False, bargap=0.05,
        dragmode=False,
    )  # fmt: skip
    return figure
