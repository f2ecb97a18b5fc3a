"""The commands of `ethoscribe`, one module for each piece of work."""
