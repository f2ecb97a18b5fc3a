"""Keeping a study in order.

run_list  ─▶ `ethoscribe runs`, the pages' "Where do the numbers come from?"
checking  ─▶ findings of `ethoscribe doctor -s STUDY`  ◀─ storage.checks (what SQL can tell)
mending   ─▶ what `doctor --repair` and `--purge` may change
"""
