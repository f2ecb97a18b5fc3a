"""Social behaviours from body points: nose to nose or tail, side by side, watching, leaving."""
