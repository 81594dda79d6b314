"""Two states of a project → the least of both that must be compiled to see every view that differs."""

from mvc.reduction.part import Part
from mvc.reduction.reduce import reduce_pair

__all__ = ["Part", "reduce_pair"]
