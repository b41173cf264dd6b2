"""Writes of events and what is counted of them."""
