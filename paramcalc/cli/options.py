"""Options that several commands share, and what their values mean."""

import os
import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import click

from paramcalc.cli import declare
from paramcalc.metrics import OPTIMIZERS
from paramcalc.shapes import MAX_DIMENSION, MAX_RANK, Shape
from paramcalc.units import DTYPE_BITS, UnitError, parse_increase

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from paramcalc.analysis.assumptions import Assumption

SPEC_ENDINGS = (
    *(".yaml", ".yml", ".json", ".keras", ".h5", ".hdf5", ".pt2"),
    *(".safetensors", ".gguf", ".pt", ".pth", ".bin", ".ckpt", ".npz", ".npy"),
)
"""What files that can be read are called; only completion goes by it."""


SHORT_DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "fp8": "float8"}
"""What servers of models call dtypes."""


class Pair(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """`NAME=VALUE`, the value converted by `convert_value`."""

    name = "NAME=VALUE"

    def __init__(self, convert_value: Callable[[str], Any] = str) -> None:
        self.convert_value = convert_value

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name and what its value means."""
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name:
            self.fail(f"'{value}' is not of the form {self.name}", param, ctx)
        try:
            return name, self.convert_value(text)
        except ValueError as error:
            self.fail(f"'{value}': {error}", param, ctx)


class Whole(click.IntRange):
    """A whole number in a range; what click calls an "integer range" in help texts and errors."""

    name = "integer"


def parse_shape(text: str) -> Shape:
    """`224,224,3` → (224, 224, 3); `?` is an unknown dimension.

    Raises:
        ValueError: for what is not a shape.
    """
    parts = [part.strip() for part in text.strip("()[]").split(",")]
    if len(parts) > MAX_RANK - 1:
        raise ValueError(f"a shape has at most {MAX_RANK - 1} dimensions beside the batch")
    return tuple(_parse_dim(part) for part in parts)


def _parse_dim(text: str) -> int | None:
    if text in ("?", "None", "null"):
        return None
    if not re.fullmatch(r"[0-9]{1,10}", text) or not 1 <= int(text) <= MAX_DIMENSION:
        raise ValueError("a shape is sizes from 1 up, or ? where unknown, such as 224,224,3 or ?,128")
    return int(text)


def parse_assumed(text: str) -> "Assumption":
    """A shape, or "same" for that of the input, and perhaps how many parameters."""
    from paramcalc.analysis.assumptions import parse_assumption
    from paramcalc.errors import ParamcalcError

    try:
        return parse_assumption(text)
    except ParamcalcError as error:
        raise ValueError(str(error)) from None


def complete_specs(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Spec files; where there are directories too, the shell's own file names."""
    from click.shell_completion import CompletionItem

    folder, start = os.path.split(incomplete)
    try:
        entries = [entry for entry in os.scandir(folder or ".") if entry.name.startswith(start)]
    except OSError:
        return []
    if any(entry.is_dir() for entry in entries if start or not entry.name.startswith(".")):
        return [CompletionItem(incomplete, type="file")]
    names = _harmless(sorted(entry.name for entry in entries if entry.name.endswith(SPEC_ENDINGS)))
    return [CompletionItem(os.path.join(folder, name)) for name in names]


def complete_columns(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Columns, also after a comma."""
    from paramcalc.render.columns import COLUMNS

    before, comma, start = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in COLUMNS if name.startswith(start)]


def complete_layers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Layers of the spec that stands on the command line already."""
    return [name for name in _paths(ctx) if name.startswith(incomplete)]


def complete_layer_pairs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The same, to be followed by `=`."""
    return [f"{name}=" for name in _paths(ctx) if name.startswith(incomplete)]


def complete_input_pairs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Inputs of the spec that stands on the command line already, to be followed by `=`."""
    model = _model(ctx)
    names = _harmless([item.name for item in model.inputs] if model else [])
    return [f"{name}=" for name in names if name.startswith(incomplete)]


def _paths(ctx: click.Context) -> list[str]:
    model = _model(ctx)
    return _harmless([node.path for node in model.nodes] if model else [])


def _harmless(names: list[str]) -> list[str]:
    """The names that a shell can show as they are: others would not look like what they are."""
    from paramcalc.render.text import sanitise

    return [name for name in names if sanitise(name) == name]


def _model(ctx: click.Context) -> Any:
    """The first spec on the command line; None where it cannot be read: a completion stays silent."""
    from paramcalc.errors import ParamcalcError
    from paramcalc.formats import load

    # If an option lacks its value, click has parsed nothing: the words are still in `args`.
    given = ctx.params.get("specs") or ctx.params.get("spec") or ctx.args
    source = given if isinstance(given, str) else next(iter(given), None)
    try:
        return load(source) if source and source != "-" else None
    except (ParamcalcError, OSError):
        return None


def parse_columns(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str] | None:
    """`name,params` → the columns, each checked."""
    if value is None:
        return None
    from paramcalc.render.columns import COLUMNS

    return checked_columns(ctx, param, value, COLUMNS)


def checked_columns(ctx: click.Context, param: click.Parameter, value: str, known: Collection[str]) -> list[str]:
    """`name,params` → the columns, each one of those that are known."""
    from paramcalc.errors import did_you_mean

    names = [name.strip() for name in value.split(",")]
    for name in names:
        if name not in known:
            near = did_you_mean(name, list(known)) or f"; they are: {', '.join(known)}"
            raise click.BadParameter(f"there is no column '{name}'{near}", ctx, param)
    return list(dict.fromkeys(names))


def parse_column(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """One column, checked."""
    columns = parse_columns(ctx, param, value)
    if columns and len(columns) > 1:
        raise click.BadParameter("takes one column", ctx, param)
    return columns[0] if columns else None


def parse_increases(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """`params:1%` → {"params": "1%"}; a bare value is for params."""
    from paramcalc.errors import did_you_mean
    from paramcalc.metrics import BYTES, GROWING

    found: dict[str, str] = {}
    for value in values:
        name, colon, limit = value.rpartition(":")
        metric = name.strip() if colon else "params"
        if metric not in GROWING:
            near = did_you_mean(metric, GROWING) or f"; they are: {', '.join(GROWING)}"
            raise click.BadParameter(f"'{metric[:40]}' cannot grow{near}", ctx, param)
        if metric in found:
            raise click.BadParameter(f"'{metric}' is given twice", ctx, param)
        try:
            parse_increase(limit, metric in BYTES)
        except UnitError as error:
            raise click.BadParameter(f"{metric}: {error}", ctx, param) from None
        found[metric] = limit
    return found


specs_argument = click.argument("specs", nargs=-1, required=True, metavar="SPEC...", shell_complete=complete_specs)
set_option = declare.option(
    "--set", "sets", type=Pair(), multiple=True, metavar="VAR=VALUE", help="Override a variable of the spec."
)
batch_option = declare.option(
    "--batch-size", type=Whole(1, MAX_DIMENSION), help="Compute for this batch size instead of one sample."
)
context_option = declare.option(
    "--context",
    type=Whole(1, MAX_DIMENSION),
    metavar="TOKENS",
    help="Compute for sequences of this many tokens, where the file leaves that open.",
)
kv_dtype_option = declare.option(
    "--kv-dtype",
    type=click.Choice([*DTYPE_BITS, *SHORT_DTYPES]),
    metavar="DTYPE",
    callback=lambda ctx, param, value: SHORT_DTYPES.get(value, value),
    help="Show the memory of a cache whose keys and values are of this dtype, such as fp8.",
)
input_option = declare.option(
    "--input",
    "input_shapes",
    type=Pair(parse_shape),
    multiple=True,
    metavar="NAME=1,2,3",
    shell_complete=complete_input_pairs,
    help="Override the shape of an input, without the batch; ? is an unknown dimension.",
)
dtype_option = declare.option(
    "--dtype",
    type=click.Choice(list(DTYPE_BITS)),
    metavar="DTYPE",
    help="Count weights and outputs as this dtype.",
)
allow_option = declare.option(
    "--allow-unknown",
    is_flag=True,
    help="Continue past layers that cannot be computed.",
)
assume_option = declare.option(
    "--assume",
    "assumed",
    type=Pair(parse_assumed),
    multiple=True,
    metavar="LAYER=1,2,3|same[:PARAMS]",
    shell_complete=complete_layer_pairs,
    help="What such a layer outputs, without the batch, or 'same' as its input, and how many parameters it holds: "
    "'FixedDropout=same:0', 'pool*=64:1.2M'. LAYER is a path, a class, or a glob of either.",
)
max_layers_option = declare.option("--max-layers", type=Whole(1), help="Allow models of more than 100,000 layers.")
memory_option = declare.option(
    "--memory", is_flag=True, default=None, help="Show memory as well: weights, activations and their peak."
)
optimizer_option = declare.option(
    "--optimizer",
    type=click.Choice(OPTIMIZERS),
    metavar="NAME",
    help="Show the memory that training with it takes as well, such as adamw.",
)
checkpointing_option = declare.option(
    "--checkpointing",
    is_flag=True,
    default=None,
    help="Train with the parts of a stack computed again in the backward pass.",
)
master_option = declare.option(
    "--master-weights",
    is_flag=True,
    default=None,
    help="Train with float32 copies of the weights, which the optimizer works on.",
)
weights_option = declare.option(
    "--weights",
    type=declare.Path(),
    metavar="PATH",
    help="A checkpoint, or its folder, to compare the architecture with.",
)
lora_option = declare.option(
    "--lora",
    metavar="RANK[:LAYER,...]|PATH",
    help="Add a low-rank adapter, or one of PEFT or llama.cpp, and freeze the rest.",
)
tp_option = declare.option("--tp", type=Whole(1, 4096), help="Divide each matrix over this many devices.")
pp_option = declare.option("--pp", type=Whole(1, 4096), help="Deal the layers out to this many devices, as a pipeline.")
dp_option = declare.option(
    "--dp", type=Whole(1, 1_000_000), help="Train on this many devices with samples of their own."
)
zero_option = declare.option(
    "--zero",
    type=Whole(0, 3),
    help="What these divide: 1 the optimizer's state, 2 gradients too, 3 weights too.",
)
color_option = declare.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the table."
)
output_option = declare.option(
    "-o", "--output", type=declare.Path(), metavar="FILE", help="Write to a file instead of stdout."
)


def check_training(given: dict[str, Any], asks: str) -> None:
    """Refuse options about training, and about several devices, that would be ignored.

    Raises:
        click.UsageError: naming what is missing; `asks` is the option that asks for training.
    """
    if given.get("zero") and given["dp"] is None:
        raise click.UsageError("--zero divides over the devices of --dp N")
    for name in ("checkpointing", "master_weights"):
        if given[name] and not (given.get("train") or given["optimizer"]):
            raise click.UsageError(f"--{name.replace('_', '-')} is about training; {asks} asks for that")
