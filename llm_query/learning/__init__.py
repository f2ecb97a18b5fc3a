"""Behaviours learned from a person's scored bouts."""
