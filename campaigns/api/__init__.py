"""The nouns over HTTP: each resource with its shapes beside its view."""
