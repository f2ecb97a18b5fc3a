"""Regions that move with an animal, and regions taken together."""
