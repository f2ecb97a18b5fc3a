"""Several arenas in one picture: outlines divided among them, one tracker for each."""
