"""Animals and places: regions, visits, distances, walls, regions that move."""
