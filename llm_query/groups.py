"""All animals together: huddles, spread, polarisation, and every ordered pair at once."""
