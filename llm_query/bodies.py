"""The body in every frame: elongation, curvature, distances and angles of points, mobility."""
