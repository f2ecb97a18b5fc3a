"""Whole assays by name."""
