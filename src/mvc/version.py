"""The version of the compiler, in one place that nothing heavy needs to import."""

VERSION = "0.1.0"
