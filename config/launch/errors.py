"""Why the product cannot be brought up here, in words for the person at the terminal."""


class LaunchError(Exception):
    """The message says what is in the way and what to do about it."""
