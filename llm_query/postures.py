"""Rearing and grooming by proxy, only where the data allow it."""
