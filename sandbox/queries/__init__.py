"""Reads of the demo and of what its audience did."""
