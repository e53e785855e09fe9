"""Outputs: what a plan is shown as."""
