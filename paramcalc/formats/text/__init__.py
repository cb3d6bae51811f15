"""Strict JSON and YAML: text to values, with the place of each for errors."""
