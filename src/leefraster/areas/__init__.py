"""Areas: polygons with codes, which cells belong to them, and what their cells add up to."""
