"""How well tracks, bouts and groups agree: `score`, `compare`, `calibrate`, `assay`."""
