"""The smallest valid object of every model, for tests."""
