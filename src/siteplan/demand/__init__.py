"""Demand: how many households and people each building holds."""
