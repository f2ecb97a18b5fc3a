"""Visits to regions: latency, transitions between them, occupancy, being near the wall."""
