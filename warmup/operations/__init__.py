"""Writes of warm-ups."""
