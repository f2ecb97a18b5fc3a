"""Labelled frames: proposed, filled in, brought in and written out, for pages and commands."""
