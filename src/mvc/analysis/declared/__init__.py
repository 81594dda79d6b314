"""Views of sources, dimensions and aggregates: the join tree, the grain, measures and their blocks."""
