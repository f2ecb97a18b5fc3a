"""Whole assays by name: plus maze, open field, novel object, and the like."""
