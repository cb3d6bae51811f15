"""Every limit on what a file may ask for, in one place, each with its reason.

A file past a limit is refused with a message that names the limit; `PARAMCALC_MAX_MIB` raises those on
the size of a file and `--max-layers` those on layers: an honest user could meet only these.
What a dimension, a rank and a count may be stands with their arithmetic, in shapes.py; how much of an error is shown,
in errors.py.
"""

import os

from paramcalc.errors import MAX_ECHO, InputError, Problem

MIB = 1024 * 1024

MAX_YAML_BYTES = 16 * MIB
"""A YAML file."""

MAX_JSON_BYTES = 64 * MIB
"""A JSON file; the largest of keras.applications is 2 MB indented."""

MAX_CONFIG_BYTES = 16 * MIB
"""The architecture inside a `.keras` archive or an HDF5 file."""

MAX_UNPACKED = 3 * MIB
"""The same in an archive of less than 1 MiB, and …"""

UNPACKED_PER_MIB = 4 * MIB
"""… for each that it has: with the weights a real one is larger, without them a bomb is a thousand times smaller."""

SIZE_VARIABLE = "PARAMCALC_MAX_MIB"
"""The environment variable that replaces the limits above."""

MAX_DEPTH = 200
"""Nesting of lists and mappings, aliases included; real Keras files reach 12."""

MAX_NESTED = 100
"""Blocks, repeats and branches inside one another, and so models and wrappers: the deepest call stack there is."""

MAX_EXPANDED_NODES = 200_000
"""Nodes of a YAML file once its aliases are written out …"""

MAX_EXPANSION = 20
"""… or this many times the nodes it writes, where that is more."""

MAX_EVENTS = 250_000
EVENTS_PER_CHARACTER = 0.4
"""Beginnings, ends and values in a YAML file, or this many for each of its characters where that is more: a list of
lists of nothing has more, a model has one for three."""

MAX_DIRECTIVES = 64
"""Directives of YAML, such as `%TAG`, or lines that begin like one."""

MAX_LAYERS = 100_000
"""Layer calls after repeat, blocks and nested models; NASNetLarge has 1,041."""

MAX_DIFFERENT = 15_000
"""Layers of a spec that are like no other, and entries with expressions of their own; and calls that are like no other,
but for as many as it has entries. `--max-layers` raises it as well.

Each is worked out anew: that takes three times as long as a layer, or a call, that is there already.
"""

MAX_CONVERTED = 50_000
"""Layer calls that `convert` takes, or as many as `--max-layers` says: it reads back all that it wrote."""

STEPS = 5
"""How many steps, units of time and memory, a layer may take on average. One step is the layer itself, …"""

PATH_PER_STEP = 128
"""… or this many characters of its path, …"""

INPUTS_PER_STEP = 2
"""… this many of its inputs, …"""

VALUES_PER_STEP = 8
"""… this many of the values it is written with, or a layer inside it; …"""

CHARACTERS_PER_VALUE = 2
"""… where a text with expressions, filled in for each layer anew, counts as a value for this many of its characters."""

MAX_INTEGER_DIGITS = 18
"""An integer literal: sums and products of such stay quick, and convertible to float."""

MAX_TEXT = 65_536
"""Characters of one text in a YAML file."""

MAX_FILLED = 1_024
"""Characters of a text once its expressions are filled in: there is one for each layer of a repeat."""

MAX_FOUND_PROBLEMS = 200
"""Where the reading of a wrong file ends: each problem costs a search for the nearest right name."""

MAX_NOTED_PROBLEMS = 500
"""The same with a problem counted each time that it is found, as in every iteration of a repeat."""

MAX_ANSWER_WORK = 300_000
"""What formulas may make: a unit for each weight, for each layer around it, and …"""

ANSWER_WORK_PER_LAYER = 8
"""… this many more for each layer that is like no other: written out, each has a few weights of its own. …"""

NAME_PER_WORK = 1_024
"""… This many characters of weights' names are a unit, too."""

MAX_NAME = 256
"""Characters of a name in a spec; Keras has no such limit, there long paths count as layers."""

MAX_EXPRESSION = 256
"""Characters of one `$(…)`."""

MAX_EXPRESSION_DEPTH = 32
"""Nesting of an expression."""

MAX_EXPONENT = 8
"""The right side of `**` in an expression."""

MAX_SEARCHED = 1_024
"""Items of a list that an expression makes, or looks for a value in: for each layer anew, where it is in a repeat."""

MAX_SEARCHED_PATHS = 300_000_000
"""Characters of all paths that are put together to find names such as `encoder/0/dense`: half a second's work."""

MAX_OUTPUTS = 10_000
"""Outputs of one operation: `split` and `unstack` make as many as a number says."""

MAX_ALL_OUTPUTS = 300_000
"""Outputs of the layers of a model that have several, together: three for each of as many layers as there may be."""

MAX_TOML_BYTES = MIB
"""A pyproject.toml …"""

MAX_KEY_PARTS = 64
"""… and the parts of a dotted key in it."""

MAX_GLOB = 1_024
"""Characters of a glob: as many as a path may well have."""

MAX_GLOBS = 1_000
"""Globs in a configuration's `files`, those of all checks together; each takes 3 µs for each name it meets."""

MAX_GLOB_TEXT = 100_000
"""Characters of all of those together: each takes 4 µs to be understood."""

MAX_LINKED_FOLDERS = 10_000
"""Folders that a glob enters through links: two that lead back up double with each part of it."""

MAX_GLOB_WORK = 1_000_000
"""The globs of a budget's `layers` times the layers they are compared with: a second's work …"""

GLOB_PER_STEP = 32
"""… where a glob counts once for each this many of its characters, …"""

NAMED_PER_STEP = 64
"""… and a layer for each this many of its path."""

MAX_ANY_DIRECTORY = 8 * MIB
MAX_ANY_ENTRIES = 100_000
"""The table of contents of any zip archive, which tells what it is: a checkpoint has an entry a tensor."""

MAX_ARCHIVE_DIRECTORY = MIB
"""The table of contents of a `.keras` archive; the archive itself may be of any size."""

MAX_ARCHIVE_ENTRIES = 1_024
"""Files in a `.keras` archive; Keras writes three."""

MAX_FOLDER_FILES = 10_000
"""Files in a model's folder; checkpoints of a trillion parameters have a few hundred shards."""

MAX_SHARDS = 2_048
"""Files that one checkpoint is split into; the largest published ones have a few hundred."""

MAX_SYMBOLIC = 256 * 1024
"""Characters of the symbolic sizes of an exported program that are worked out: each that is like no other, once."""

MAX_SMALL_PROGRAM = 8 * MIB
"""The JSON of an exported program in an archive that is smaller than that: PyTorch writes it uncompressed."""

MIN_PROGRAM_ROWS = 1_000
PROGRAM_PER_ROW = 256
"""Rows and weights that an exported program may have, and one more for so many bytes: PyTorch writes 1,000 for each."""

MAX_OPERANDS = 64
"""Operands of one `einsum`; each pair is multiplied in its turn."""

MAX_TENSORS = 1_000_000
"""Tensors of a checkpoint; DeepSeek-V3 has 91,991."""

MAX_TENSOR_NAME = 1_024
"""Characters of a tensor's name; the longest in use have about 150."""

MAX_SAFETENSORS_HEADER = 100_000_000
"""Bytes of a safetensors header: what the library itself allows."""

MAX_HDF5_METADATA = 128 * MIB
"""What is read of an HDF5 file besides its data: Keras' have 2 kB for each weight."""

MAX_UNPACKED_WEIGHTS = 64 * MIB
"""The weights in a `.keras` archive, where they are compressed; Keras stores them, so they are read where they are."""

MAX_HDF5_PATH = 1_024
"""Characters of a path in an HDF5 file; Keras' own have fewer than 256."""

MAX_PICKLE_BYTES = 64 * MIB
"""The pickle of a PyTorch checkpoint, which holds no tensor: some 200 bytes for each."""

MAX_SMALL_PICKLE = 2 * MIB
"""The same in an archive of less than 1 MiB; in others twice what these have: PyTorch writes it uncompressed."""

MAX_PICKLE_STEPS = 16_000_000
"""Opcodes of it; a tensor takes some 30 …"""

MAX_PICKLE_OBJECTS = 8_000_000
"""… and the objects that they make; a tensor takes some 10."""

MIN_PICKLE_OBJECTS = 10_000
"""Objects of a short pickle, which may have one more for each of its bytes."""

MAX_GGUF_HEADER = 64 * MIB
"""Bytes before the tensors of a GGUF file, its tokenizer included; the largest vocabularies take 20 MiB."""


MAX_TABLE_BYTES = 64 * MIB
"""The index of a TensorFlow checkpoint: some 60 bytes for each tensor …"""

MAX_TABLE_KEY = 4_096
"""… and the characters of a name in it."""


def max_bytes(default: int) -> int:
    """The limit on a file's size: `default`, or what the environment variable says instead."""
    value = os.environ.get(SIZE_VARIABLE, "")
    return int(value) * MIB if value.isascii() and value.isdigit() and len(value) < 8 else default


def check_size(name: str, size: int, limit: int, what: str) -> None:
    """Refuse more than `limit` bytes of `what`.

    Raises:
        InputError: saying how to allow more.
    """
    if size > limit:
        message = f"{what} is larger than {limit // MIB} MiB, the limit; "
        message += f"set the environment variable {SIZE_VARIABLE} (in MiB) to allow more"
        given = os.environ.get(SIZE_VARIABLE, "")
        if given and max_bytes(-1) < 0:
            message += f": '{given[:MAX_ECHO]}' is no number of MiB"
        raise InputError(name, [Problem(message)])


def max_unpacked(archive: int) -> int:
    """The limit on the architecture in an archive of so many bytes."""
    return max_bytes(min(max(MAX_UNPACKED, UNPACKED_PER_MIB * (archive // MIB)), MAX_CONFIG_BYTES))


def max_program(archive: int) -> int:
    """The limit on the JSON of a program in an archive of so many bytes."""
    return max_bytes(min(max(MAX_SMALL_PROGRAM, archive), MAX_JSON_BYTES))


MAX_FITTED = 5_000
"""Calls of layers in a model that `paramcalc fit` takes: it finds some twenty peaks of it."""

MAX_SWEPT = 1_000
"""Combinations of values in one `paramcalc sweep`: the file is read for each."""


class Allowance:
    """How large a model may become while it is unrolled, models inside it included.

    Attributes:
        layers: how many there are so far.
        steps: the work so far, including work that makes no layers.
        weighed: the values in a layer that is called again, by its identity.
        different: the identities of what is made that is like nothing before it.
    """

    __slots__ = ("different", "layers", "max_different", "max_layers", "steps", "weighed")

    def __init__(self, max_layers: int) -> None:
        self.max_layers = max_layers
        self.layers = 0
        self.steps = 0
        self.weighed: dict[int, int] = {}
        self.different: set[int] = set()
        self.max_different = MAX_DIFFERENT * max(max_layers, MAX_LAYERS) // MAX_LAYERS

    def exceeded(self) -> bool:
        """Whether it is too large; a small model may take more steps per layer than a large one."""
        if self.layers > self.max_layers or len(self.different) > self.max_different:
            return True
        return self.steps > self.max_layers + (STEPS - 1) * self.layers

    def explain(self, what: str) -> str:
        """What to say then."""
        if self.layers > self.max_layers:
            return f"the {what} makes more than {self.max_layers:,} layers (--max-layers allows more)"
        if len(self.different) > self.max_different:
            return (
                f"the {what} has more than {self.max_different:,} layers that are like no other, or entries with "
                "expressions of their own (--max-layers allows more)"
            )
        return (
            f"the {what} takes more work than {self.max_layers:,} layers: long paths, lists and expressions, layers in "
            "wrappers and entries that make no layer count as well (--max-layers allows more)"
        )
