"""Figures: their common style, those of the report, and those of many seeds."""
