"""Named smoothing, gap filling and confidence cuts: a cleaned copy of a recording that says so."""
