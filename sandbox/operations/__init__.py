"""Writes of the demo."""
