"""`mvc`: answers what needs no command at once, and leaves the rest to click.

Exit codes: 0 fine; 1 the project or the operation is at fault; 2 usage; 3 there are differences; 130 interrupted.
Only the standard library is imported here, so that `mvc --help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
from io import StringIO, TextIOWrapper

from mvc.cli.commands import COMPLETING, at_once
from mvc.cli.ending import finish


def run() -> None:
    """The console script."""
    _prepare_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does: what runs in a server is cancelled
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Runs one command and returns the exit code."""
    return finish(lambda: _answer(arguments))


def _answer(arguments: list[str]) -> int:
    if asked := os.environ.get(COMPLETING):
        from mvc.cli.shells import complete

        return complete(asked)
    if text := at_once(arguments):
        sys.stdout.write(text)
        return 0
    from mvc.cli.group import answer

    return answer(arguments)


def _prepare_streams() -> None:
    """SQL is UTF-8 whatever the locale; a stream that is closed (`>&-`) takes what is written and forgets it."""
    sys.stdout = sys.stdout or StringIO()
    sys.stderr = sys.stderr or StringIO()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
