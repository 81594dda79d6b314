"""Results as text for people and machines: the last stage, where prose and colour are made. Only `mvc.cli` prints them."""
