"""Writing a study out: tables with stable columns, and the files of other programs.

study ─▶ exports (tracks, bouts, summary) ─▶ storage.writing, spreadsheet (csv, parquet, xlsx)
  │
  └────▶ taking: one video's rows as files in a scratch folder, chunk by chunk
            │
            formats (who writes what) ─▶ boris, coco, mabe, mot, movement, nwb, simba, sleap
            │                            boxes (of coco and mot), one_watcher (of mabe and simba)
            └─▶ outlines (masks as a table)

drafts       a file appears whole or not at all
provenance   where the numbers come from, for files with room for it
columns, dictionary   what is in an export, in the text beside it
"""
