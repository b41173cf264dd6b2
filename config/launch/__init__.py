"""What `make run` runs: the whole product on one machine, with a demo inside.

Expects the services' URLs in the environment: `python -m config.embedded --keep` gives them.
"""
