"""More figures: time budget, transition graph, polar heading, social matrices, embeddings."""
