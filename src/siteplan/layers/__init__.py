"""Layers: what the user has, read, repaired and checked against one column contract per role."""
