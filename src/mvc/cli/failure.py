"""What a command raises where it cannot do what it was asked for."""

from __future__ import annotations


class Failure(Exception):
    """The operation cannot be done; the message and the hint are for a user."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageMistake(Failure):
    """The command line itself is at fault."""
