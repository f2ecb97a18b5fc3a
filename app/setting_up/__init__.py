"""What the Set up page shows and changes: scale, regions, templates, the detection preview."""
