"""Schedules as files of other schedulers."""
