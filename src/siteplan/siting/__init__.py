"""Siting: rules and layers become arrays for the joint model, and its answer becomes facilities and allocation."""
