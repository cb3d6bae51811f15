"""Strict JSON and YAML: bytes → values, with the place of each for error messages.

document.py     bytes → a document
strict_json.py  JSON; strict_yaml.py YAML, scalars.py its unquoted words, pitfalls.py advice for its usual mistakes
locate.py       a place in a document → line and column
fields.py       values → a layer with these fields
"""

SECOND = "begins here, but a file holds one: was it opened to append ('a') where it should be written anew ('w')?"
"""The message about a second text in a file."""
