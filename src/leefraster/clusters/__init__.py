"""Structurally weak clusters: the rule, the clusters it selects, and how well planted ones are found."""
