"""Poses and scored bouts of other programs, brought into a study."""
