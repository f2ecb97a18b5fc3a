"""The networks of a study: how good each is, where it fails, and what to do with it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from app.errors import known_errors, one_line
from app.figures.figure_files import TOOLBAR
from app.jobs import processes as jobs
from app.library import list_videos, reading
from app.training.curve_charts import curve_chart, gain_chart
from app.training.rounds import Round, round_of
from app.training.train_report import report_html
from app.views.label_frames import begin
from app.views.news import tell, warn
from app.views.signed_in import may, me
from app.words import plain
from storage.networks import Network, networks, withdraw_network
from storage.runs import active_run
from storage.study import Study, open_study
from storage.videos import Video, videos

COLUMNS = {
    "AP50": "Average precision of masks; a mask counts from an overlap of 0.50 on",
    "AP50-95": "The mean of those at 0.50 to 0.95, as COCO defines it",
    "IoU": "Overlap with what was found, mean over all true animals: missed is 0",
    "Right number": "Share of frames with as many animals as there are",
    "Gain AP50": "Over the weights that this round began with, on the same frames",
}
WAIT_S = 5.0


def networks_panel(study: Path) -> None:
    """The list, and the one that is chosen."""
    with reading(study) as opened:
        found = [one for one in networks(opened) if one.kind == "pt"]
    if not found:
        st.caption("No network yet. What is trained or brought in is listed here.")
        return
    st.markdown("**Networks**")
    found = sorted(found, key=lambda one: one.made_at, reverse=True)
    table = networks_table(found)
    numbers = st.column_config.NumberColumn
    picked = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row", key="networks",
        column_config={name: numbers(format="%.3f", help=words) for name, words in COLUMNS.items()},
    )  # fmt: skip
    rows = picked["selection"]["rows"]
    chosen = found[rows[0]] if rows and rows[0] < len(found) else found[0]
    show_network(study, chosen, [one for one in found if one.name == chosen.name])


def networks_table(found: list[Network]) -> pd.DataFrame:
    """One row for each network, newest first; a gain where any has gone on from another."""
    known = [round_of(one) for one in found]
    table = pd.DataFrame(
        {
            "Network": [one.key for one in found],
            "Round": [one.round for one in found],
            "Frames": [one.frames for one in known],
            "AP50": [one.ap50 for one in known],
            "AP50-95": [one.ap for one in known],
            "IoU": [one.iou for one in known],
            "Right number": [one.right_count for one in known],
            "Gain AP50": [one.gain_ap50 for one in known],
            "Made (UTC)": [f"{one.made_at:%Y-%m-%d %H:%M}" for one in found],
            "By": [one.author for one in found],
        }
    )
    return table if table["Gain AP50"].notna().any() else table.drop(columns="Gain AP50")


def show_network(study: Path, network: Network, family: list[Network]) -> None:
    """One network: what to do with it, its curve, its rounds, where it fails."""
    with st.container(border=True):
        st.markdown(f"**{plain(network.key)}**")
        st.caption(origin_words(network))
        with st.container(horizontal=True):
            if may("owner"):
                track_with(study, network)
            if may("annotator"):
                propose_next(study, network)
            st.download_button(
                "Report", lambda: report_html(study, network).encode(),
                f"{network.name}-{network.version}.html", "text/html", icon=":material/summarize:",
                help="One page: curve, precision, failures, settings, frames.",
            )  # fmt: skip
            if may("owner"):
                delete(study, network)
        parts = {
            "Where it fails": pictures(study, network), "Curve": network.metrics.get("curve"),
            "Rounds": comparable(family),
        }  # fmt: skip
        names = [name for name, there in parts.items() if there]
        for name, tab in zip(names, st.tabs(names) if names else [], strict=True):
            with tab:
                _tab(name, study, network, family)


def _tab(name: str, study: Path, network: Network, family: list[Network]) -> None:
    if name == "Curve":
        figure = curve_chart(network.metrics["curve"])
        st.plotly_chart(figure, key=f"curve:{network.key}", config=TOOLBAR)
        return
    if name == "Rounds":
        figure = gain_chart(comparable(family))
        st.plotly_chart(figure, key=f"rounds:{network.name}", config=TOOLBAR)
        st.caption("Each round beside the weights it began with, on the same frames.")
        return
    st.caption(
        "Of the frames that judge, worst first, the part that the animals are in: the truth in "
        "green, what it finds in pink."
    )
    shown = pictures(study, network)
    for first in range(0, len(shown), 3):  # row by row, since words below differ in length
        for column, (file, words) in zip(st.columns(3), shown[first : first + 3], strict=False):
            column.image(str(file), caption=words)


def comparable(family: list[Network]) -> list[Round]:
    """The rounds of one name that were judged, oldest first; empty where there is only one."""
    found = sorted((round_of(one) for one in family), key=lambda one: one.version)
    judged = [one for one in found if one.ap50 is not None]
    return judged if len(judged) > 1 else []


def origin_words(network: Network) -> str:
    """Where it comes from, in a line."""
    said = [plain(", ".join(network.classes))]
    if network.duration_s:
        said.append(f"{network.duration_s / 60:.0f} min of training")
    said.append(f"began with {plain(network.parent)}" if network.parent else "from random weights")
    validation = network.metrics.get("validation")
    return " · ".join(said) + (f"\n\n{plain(validation)}" if validation else "")


def pictures(study: Path, network: Network) -> list[tuple[Path, str]]:
    """The frames it finds hardest, with what is wrong in each."""
    found = []
    for one in network.metrics.get("worst") or []:
        file = study / one["picture"]
        if not file.is_file():
            continue
        words = f"{plain(one['video'])}, frame {one['frame']}"
        words += f": IoU {one['iou']:.2f}" if one["iou"] is not None else ""
        words += f", {one['missed']} missed" if one["missed"] else ""
        words += f", {one['extra']} too many" if one["extra"] else ""
        found.append((file, words))
    return found


def track_with(study: Path, network: Network) -> None:
    """Choose videos and track them with this network."""
    rows = [row for row in list_videos(study) if row.video.has_pictures and row.present]
    if not rows:
        return
    with st.popover("Track with it", icon=":material/route:"):
        names = {row.video.name: row for row in rows}
        key = f"{network.key}:{len(rows)}"
        chosen = st.multiselect("Videos", list(names), key=f"track_videos:{key}")
        most = max((len(row.animals) for row in rows), default=0)
        animals = st.number_input(
            "How many animals does each video show?", 1, 100, most or None,
            key=f"track_animals:{key}", placeholder="1, 2, 3 …",
        )  # fmt: skip
        again = [name for name in chosen if names[name].run_id]
        if again:
            st.caption(
                f"{plain(', '.join(again))}: tracked already; the new tracks take the place of "
                "the present ones."
            )
        st.button(
            "Track", type="primary", disabled=not (chosen and animals), key=f"track_go:{key}",
            on_click=begin_tracking, args=(study, network.key, key),
        )  # fmt: skip


def begin_tracking(study: Path, key: str, fields: str) -> None:
    """Start a tracking job for each video."""
    names = st.session_state[f"track_videos:{fields}"]
    animals = int(st.session_state[f"track_animals:{fields}"] or 0)
    begun: list[str] = []
    if not animals:
        warn("Say how many animals each video shows, then press Track.")
        return
    for row in list_videos(study):
        if row.video.name not in names:
            continue
        try:
            me().need("owner")
            force = row.run_id is not None
            jobs.start_track_job(study, row.video.path, animals, force=force, network=key)
        except known_errors() as error:
            warn(one_line(error))
        else:
            begun.append(row.video.name)
    if begun:
        tell(f"Tracking {', '.join(begun)} with {key}: see the page Videos.")


def propose_next(study: Path, network: Network) -> None:
    """Choose the frames that this network was unsure about, of the videos tracked with it."""
    with reading(study) as opened:
        tracked = [one.name for one in videos(opened) if _tracked_with(opened, one, network)]
    if not tracked:
        return
    with st.popover("Propose next frames", icon=":material/auto_awesome_motion:"):
        st.caption("Frames in which its tracks are doubtful or animals meet, outlined by it.")
        st.number_input("How many", 1, 500, 20, key=f"next_count:{network.key}")
        st.selectbox("Of", tracked, key=f"next_video:{network.key}")
        st.button(
            "Propose", type="primary", key=f"next_go:{network.key}", on_click=begin_next,
            args=(study, network.key),
        )  # fmt: skip


def _tracked_with(study: Study, video: Video, network: Network) -> bool:
    run = active_run(study, video.video_id)
    said = run.settings.get("network") if run else None
    return isinstance(said, dict) and said.get("name") in (network.key, network.name)


def begin_next(study: Path, key: str) -> None:
    """Begin to choose frames, and go to where they are corrected."""
    count, video = (st.session_state[f"next_{name}:{key}"] for name in ("count", "video"))
    if begin(study, int(count), video, None, ""):
        st.session_state.to_label = True


def delete(study: Path, network: Network) -> None:
    """Take a network off the list; its file stays."""
    with st.popover("Delete", icon=":material/delete:"):
        st.write("It leaves the list. Its file and what was tracked with it stay in the study.")
        st.button(
            f"Delete {network.key}", key=f"delete:{network.key}", on_click=_delete,
            args=(study, network.key),
        )  # fmt: skip


def _delete(study: Path, key: str) -> None:
    person = me()
    try:
        person.need("owner")
        with open_study(study, write=True, timeout_s=WAIT_S) as opened:
            withdraw_network(opened, key, author=person.name)
    except known_errors() as error:
        warn(one_line(error))
    else:
        tell(f"{key} is deleted.")
