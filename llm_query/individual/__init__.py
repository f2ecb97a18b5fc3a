"""One animal: how it moves, its body, and the states it is in."""
