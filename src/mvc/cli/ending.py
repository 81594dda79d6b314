"""How a run of the command ends, whatever happens: interrupted, left by the reader of its output, or without room for it. Never with a traceback."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def finish(work: Callable[[], int]) -> int:
    """Does the work, empties standard output and returns the exit code."""
    code = 0
    try:
        code = work()
        sys.stdout.flush()  # what Python finds out at exit, it can only tell with a traceback
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)  # noqa: T201
        return 130
    except BrokenPipeError:  # the reader has gone; nothing more can be said
        _drop_stdout()
    except OSError as problem:
        _drop_stdout()
        if not code:
            print(f"error: standard output: {problem.strerror or problem}", file=sys.stderr)  # noqa: T201
        return code or 1
    return code


def _drop_stdout() -> None:
    """What is left in the buffer must not fail again when Python empties it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
