"""Why a plan is as it is: reasons of what is unmet, the cheapest changes, conflicting rules, and what only a chosen site does."""
