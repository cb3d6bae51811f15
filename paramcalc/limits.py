"""Every limit on what a file may ask for, in one place, each with its reason.

A file past a limit is refused with a message that names the limit; `PARAMCALC_MAX_MIB` raises those on
the size of a file and `--max-layers` the one on layers: an honest user could meet only these.
"""

import os

MIB = 1024 * 1024

MAX_YAML_BYTES = 16 * MIB
"""A YAML file."""

MAX_JSON_BYTES = 64 * MIB
"""A JSON file; the largest of keras.applications is 2 MB indented."""

MAX_CONFIG_BYTES = 16 * MIB
"""The architecture inside a `.keras` archive or an HDF5 file."""

SIZE_VARIABLE = "PARAMCALC_MAX_MIB"
"""The environment variable that replaces the three limits above."""

MAX_DEPTH = 200
"""Nesting of lists and mappings, aliases included; real Keras files reach 12."""

MAX_EXPANDED_NODES = 200_000
"""Nodes of a YAML file once its aliases are written out …"""

MAX_EXPANSION = 20
"""… or this many times the nodes it writes, where that is more."""

MAX_LAYERS = 100_000
"""Layer calls after repeat, blocks and nested models; NASNetLarge has 1,041."""

MAX_INTEGER_DIGITS = 18
"""An integer literal: sums and products of such stay quick, and convertible to float."""

MAX_TEXT = 65_536
"""Characters of one text in a YAML file."""

MAX_FOUND_PROBLEMS = 200
"""Where the reading of a wrong file ends: each problem costs a search for the nearest right name."""

MAX_NAME = 256
"""Characters of a layer's or a model's name."""

MAX_EXPRESSION = 256
"""Characters of one `$(…)`."""

MAX_EXPRESSION_DEPTH = 32
"""Nesting of an expression."""

MAX_EXPONENT = 8
"""The right side of `**` in an expression."""

MAX_ARCHIVE_DIRECTORY = MIB
"""The table of contents of a `.keras` archive; the archive itself may be of any size."""

MAX_ARCHIVE_ENTRIES = 1_024
"""Files in a `.keras` archive; Keras writes three."""


def max_bytes(default: int) -> int:
    """The limit on a file's size: `default`, or what the environment variable says instead."""
    value = os.environ.get(SIZE_VARIABLE, "")
    return int(value) * MIB if value.isascii() and value.isdigit() and len(value) < 8 else default
