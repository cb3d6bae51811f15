"""A Model → the text of a spec.

spec.py       the flat graph → layers, blocks and repeats, as plain values
nesting.py    the paths of the nodes → which of them make up a nested model
repeats.py    consecutive equal nested models → a repeat
entry.py      a layer → its type and its fields, defaults left out
masks.py      masks → options
yaml_text.py  plain values → YAML, one line per entry
"""
