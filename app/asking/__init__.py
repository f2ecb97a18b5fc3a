"""Questions at work: kept conversations, many videos at once, definitions."""
