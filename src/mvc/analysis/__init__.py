"""What a view means against the catalog: names, cardinality, grain, types; and everything that is wrong with it."""
