"""Diagnostics as text and for the tools around."""
