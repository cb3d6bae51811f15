"""Strict JSON and YAML: text to values, with the place of each for errors."""

SECOND = "begins here, but a file holds one: was it opened to append ('a') where it should be written anew ('w')?"
"""What is wrong where a second text follows in a file."""
