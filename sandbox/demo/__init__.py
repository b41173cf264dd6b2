"""The made-up shop of the demo: its people and its mails, as data."""
