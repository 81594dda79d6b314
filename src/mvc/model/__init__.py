"""Views, policies and schedules as objects with meaning: expressions parsed, defaults applied, nothing left of YAML."""
