"""Numbers of bouts: intervals between them, time bins, transitions, time budgets."""
