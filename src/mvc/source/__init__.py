"""YAML text to plain data that remembers where each value stood."""

from mvc.source.document import Document, Path, nothing
from mvc.source.reader import read

__all__ = ["Document", "Path", "nothing", "read"]
