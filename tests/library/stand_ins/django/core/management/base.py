"""As much of Django as a command needs that is called by hand."""

import sys


class CommandError(Exception):
    pass


class OutputWrapper:
    def write(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")


class BaseCommand:
    help = ""

    def __init__(self) -> None:
        self.stdout = OutputWrapper()
