"""Animals and each other: pairs, meetings, pursuit, groups."""
