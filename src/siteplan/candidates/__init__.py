"""Candidates: sites that are given, found by stated rules, or stand already."""
