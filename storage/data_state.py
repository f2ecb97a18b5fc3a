"""What there is to show of every video, and short texts that change whenever it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from storage.bouts import SCORED_ALL, SELECT_BOUTS
from storage.study import Study
from storage.videos import Video, videos


@dataclass(frozen=True)
class VideoData:
    """One video with what was found in it; two texts tell whether anything of it has changed."""

    video: Video
    animals: tuple[str, ...]  # tracked, in the order of their numbers
    share_detected: float | None  # 0 to 1; None while it is not tracked
    tracks_state: str  # of tracks, scale, names and regions
    bouts_state: str  # of bouts and of who looked for what

    @property
    def tracked(self) -> bool:
        """Whether there are tracks."""
        return self.share_detected is not None


def data_of_videos(study: Study) -> list[VideoData]:
    """Every video of the study; six questions to the database however many videos there are."""
    runs = _by_video(
        study,
        "SELECT r.video_id, r.share_detected, r.run_id, max(e.edit_id) FROM runs r "
        "LEFT JOIN edits e ON e.run_id = r.run_id AND e.scope = 'tracks' AND e.error IS NULL "
        "WHERE r.active GROUP BY ALL",
    )
    places = _by_video(
        study,
        "SELECT video_id, count(*), bit_xor(hash(name, kind, role, points::VARCHAR)) FROM regions "
        "GROUP BY ALL",
    )
    bouts = _by_video(
        study,
        "SELECT video_id, count(*), bit_xor(hash(bout_id, behaviour, subject, target, kind, "
        "start_frame, stop_frame, start_s, stop_s, source, annotator, definition)) FROM bouts "
        "GROUP BY ALL",
    )
    watched = _by_video(
        study,
        "SELECT video_id, count(*), bit_xor(hash(behaviour, source, annotator, subjects)) "
        "FROM watched "
        "GROUP BY ALL",
    )
    names: dict[int, list[str]] = {}
    for video_id, name in study.rows(
        "SELECT video_id, name FROM animals ORDER BY video_id, animal_id"
    ):
        names.setdefault(video_id, []).append(name)
    found = []
    for video in videos(study):
        key = video.video_id
        run = runs.get(key)
        animals = tuple(names.get(key, ())) if run else ()
        about = (video.name, str(video.fps), video.px_per_cm, animals, places.get(key), run)
        seen = (video.name, str(video.fps), bouts.get(key), watched.get(key))
        share = float(run[0] or 0.0) if run else None
        found.append(VideoData(video, animals, share, repr(about), repr(seen)))
    return found


@dataclass(frozen=True, eq=False)
class ScoredVideo:
    """What one needs of a video to count its bouts."""

    bouts: pd.DataFrame  # as in every bouts table
    edges_s: np.ndarray  # (n_frames + 1,) s: every frame's time, then the end
    unseen: Mapping[str, np.ndarray]  # by tracked animal, the frames in which it was not found


def scored_videos(study: Study, chosen: Sequence[VideoData]) -> list[ScoredVideo]:
    """Bouts, frame times and unseen frames of several videos: three questions for all of them."""
    keys = {"keys": [one.video.video_id for one in chosen]}
    names = {"names": [one.video.name for one in chosen], "video": None, "behaviour": None}
    bouts = study.arrow(
        f"FROM ({SELECT_BOUTS.format(more='')}) WHERE list_contains($names, video)", names
    ).to_pandas()
    times = study.arrow(
        "SELECT video_id, time_s FROM frame_times WHERE list_contains($keys, video_id) "
        "ORDER BY video_id, frame",
        keys,
    )
    owner, time_s = times["video_id"].to_numpy(), times["time_s"].to_numpy()
    gone = study.arrow(
        "SELECT t.video_id, a.name, t.frame FROM tracks t JOIN runs r USING (run_id) "
        "JOIN animals a ON a.video_id = t.video_id AND a.animal_id = t.animal_id "
        "WHERE r.active AND NOT t.detected AND list_contains($keys, t.video_id)",
        keys,
    )
    gone_of, who, frame = (gone[name].to_numpy() for name in ("video_id", "name", "frame"))
    by_video = dict(list(bouts.groupby("video", sort=False)))
    found = []
    for one in chosen:
        key, video = one.video.video_id, one.video
        own_s = time_s[np.searchsorted(owner, key) : np.searchsorted(owner, key, side="right")]
        late = video.duration_s > own_s[-1]
        end_s = video.duration_s if late else own_s[-1] + 1 / float(video.fps)
        mine, lost = by_video.get(video.name, bouts.iloc[:0]), gone_of == key
        unseen = {name: frame[lost & (who == name)].astype(int) for name in one.animals}
        found.append(ScoredVideo(mine, np.append(own_s, end_s), unseen))
    return found


def watchers_of_videos(study: Study) -> pd.DataFrame:
    """Who looked for what where: columns video, behaviour, source, annotator, kind, and bouts.

    One row per video, behaviour, watcher and kind (state, point; missing where nothing was found).
    `directed`: some bouts have a target. `looked`: the whole video was watched for it, as
    `looked_for` has it: without, the bouts are part of what there may be. `subjects`: the animals
    that were watched, missing where all were.
    """
    owner = "{0}.source = {1}.source AND {0}.annotator IS NOT DISTINCT FROM {1}.annotator"
    return study.arrow(
        "WITH noted AS ("
        "  SELECT video_id, behaviour, source, annotator, subjects FROM watched"
        "  UNION ALL SELECT DISTINCT w.video_id, o.behaviour, w.source, w.annotator, NULL"
        f"  FROM watched w JOIN watched o ON {owner.format('w', 'o')}"
        f"  AND w.behaviour != o.behaviour WHERE {SCORED_ALL}"
        "), looked AS ("
        "  SELECT video_id, behaviour, source, annotator,"
        "  if(bool_or(subjects IS NULL), NULL, any_value(subjects)) AS subjects"
        "  FROM noted GROUP BY ALL"
        "), seen AS ("
        "  SELECT video_id, behaviour, source, annotator, kind, count(*) AS bouts,"
        "  bool_or(target IS NOT NULL) AS directed FROM bouts GROUP BY ALL"
        "  UNION ALL SELECT video_id, behaviour, source, annotator, NULL, 0, FALSE FROM looked l"
        "  WHERE NOT EXISTS (FROM bouts b WHERE b.video_id = l.video_id"
        f"    AND b.behaviour = l.behaviour AND {owner.format('b', 'l')})"
        ") SELECT v.name AS video, s.behaviour, s.source, s.annotator, kind, bouts, directed, "
        "l.video_id IS NOT NULL AS looked, l.subjects "
        "FROM seen s JOIN videos v USING (video_id) LEFT JOIN looked l "
        f"ON l.video_id = s.video_id AND l.behaviour = s.behaviour AND {owner.format('l', 's')} "
        "ORDER BY s.behaviour, s.source, s.annotator NULLS FIRST, v.video_id, kind"
    ).to_pandas()


def _by_video(study: Study, sql: str) -> dict[int, tuple]:
    return {row[0]: tuple(row[1:]) for row in study.rows(sql)}
