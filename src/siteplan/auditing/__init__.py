"""The audit: every claim of a plan recomputed from layers and rules, sharing nothing with the optimiser."""
