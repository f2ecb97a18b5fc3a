"""Agreement between watchers, and comparison of groups."""
