"""Behaviours learned from a person's scored bouts, applied like any other behaviour."""
