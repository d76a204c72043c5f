"""Change over the measurement years: differences, trends, emerging hot spots, transitions."""
