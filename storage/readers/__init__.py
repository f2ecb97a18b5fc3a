"""Files of other programs, told by what is in them and read without trusting them.

read_file(path) ─▶ files (head: kind, lines, JSON) ─▶ registry (who looks_like it?)
                     │                                  │
                     │   a module per format: looks_like(head), read(path)
                     │     positions  dlc, sleap, sleap_labels, idtracker, trex, jabs, movement,
                     │                nwb, mot, annolid, octron, coco, mabe_tracks, tracks_table,
                     │                simba_tracks, fasttrack, plain_tracks ─▶ poses.Poses, which
                     │                may have outlines.Outlines
                     │     behaviour  boris, boris_tables, nwb_bouts, bento, simba, ethovision,
                     │                observer, mabe, dlcanalyzer, bouts_table ─▶ scored.Bouts
                     └─ elsewhere: what a file is that nobody reads, and which command takes it
"""

from storage.readers.poses import Poses
from storage.readers.registry import read_file, readers
from storage.readers.scored import Bouts

__all__ = ["Bouts", "Poses", "read_file", "readers"]
