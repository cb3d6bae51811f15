"""Quantized layers of Keras 3: how a policy such as `int8_from_float32` stores a layer's weights.

A file of a quantized model names the policy of each layer, and Keras makes the weights by it: kernels of small
integers, and what is needed to scale them back. Only the layers in `KERNELS` have such weights; Keras makes all others
as usual, whatever their policy says. Shapes and dtypes are those of Keras 3.15.1.
"""

from collections.abc import Callable
from functools import lru_cache
from math import prod
from types import new_class
from typing import Any, ClassVar, NamedTuple

from msgspec.structs import replace

from paramcalc.errors import LayerError, echo
from paramcalc.layers.base import Factors, Inferred, Layer, Sublayer, Weight, macs_at
from paramcalc.layers.keras.attention import GroupQueryAttention, MultiHeadAttention
from paramcalc.layers.keras.core import Dense, EinsumDense, Embedding, ReversibleEmbedding
from paramcalc.layers.keras.equation import Einsum
from paramcalc.layers.keras.schemes import Scheme, scheme_of
from paramcalc.shapes import Shape


class Kernel(NamedTuple):
    """A weight that is quantized.

    Attributes:
        name: its name.
        rows: the axes that its product sums over, by name; of a table, the axis of the entries.
        columns: the other axes.
        scale: the axes of its scale in int8, ones included.
        zero: what gptq and awq call its zero points.
        table: whether it is a look-up table, whose scales belong to rows and whose groups divide the columns.
    """

    name: str
    rows: Factors
    columns: Factors
    scale: Factors
    zero: str = "kernel_zero"
    table: bool = False


def quantized_layer(layer: Layer, policy: str) -> Layer:
    """Return the layer, and every layer in its fields, with weights quantized by a policy.

    Raises:
        LayerError: for a policy that Keras does not have.
    """
    fields = {name: getattr(layer, name) for name in layer.__struct_fields__}
    for name in layer.sublayers:
        fields[name] = quantized_field(fields[name], policy)
    scheme = scheme_of(policy, fields.get("quantization_config"))
    cls = type(layer) if scheme is None else quantized_class(type(layer), scheme)
    return layer if cls is type(layer) and not layer.sublayers else cls(**fields)


def quantized_field(value: Any, policy: str) -> Any:
    """Return the layer, or the layers, in a field, quantized.

    Raises:
        LayerError: for a whole model: its layers are already made, each by a policy of its own.
    """
    if isinstance(value, (list, tuple)):
        return type(value)(quantized_field(item, policy) for item in value)
    if not isinstance(value, Sublayer):
        return value
    if hasattr(value.layer, "layers_inside"):
        raise LayerError(
            f"dtype {echo(policy)} of a wrapper does not reach into '{value.type[:60]}': give its layers one"
        )
    return value.copied(layer=quantized_layer(value.layer, policy))


@lru_cache(maxsize=256)
def quantized_class(cls: type[Layer], scheme: Scheme) -> type[Layer]:
    """The class whose weights are quantized by a scheme; `cls` itself where Keras quantizes none of its weights."""
    if cls not in KERNELS:
        return cls
    # The scheme is no field, as a file has it in the dtype; a class of its own keeps layers of two schemes unequal.
    space = {"__doc__": cls.__doc__, "__module__": cls.__module__, "scheme": scheme}
    return new_class(cls.__name__, (Quantized, cls), {"frozen": True}, lambda names: names.update(space))


class Quantized(Layer, frozen=True):
    """Mixin of a layer's class: infers as that class does, and stores the kernels by the scheme."""

    scheme: ClassVar[Scheme]

    def infer(self, *inputs: Any, **options: Any) -> Inferred:
        """Infer the layer with its kernels quantized.

        Raises:
            LayerError: where Keras has no such layer of this scheme.
        """
        cls: type[Layer] = type(self).__mro__[2]
        inferred: Inferred = cls.infer(self, *inputs, **options)
        kernels = KERNELS[cls](self, inputs[0], inferred, self.scheme)
        macs = inferred.macs
        if self.scheme.mode != "float8" and getattr(self, "lora_rank", None):
            macs = lora_macs(inputs[0], inferred, kernels[0], options.get("reverse", False))
        return replace(inferred, weights=stored(inferred.weights, kernels, self.scheme), macs=macs)


def stored(weights: tuple[Weight, ...], kernels: list[Kernel], scheme: Scheme) -> tuple[Weight, ...]:
    """Return the weights as a quantized layer stores them, in Keras' order, sub-layer by sub-layer."""
    found: list[Weight] = []
    by_name = {weight.name: weight for weight in weights}
    groups: dict[str, list[Weight]] = {}
    for weight in weights:
        groups.setdefault(weight.name.rpartition("/")[0], []).append(weight)
    for prefix, group in groups.items():
        here = [kernel for kernel in kernels if kernel.name.rpartition("/")[0] == prefix]
        if scheme.mode == "float8":
            found += [*float8_extras(f"{prefix}/" if prefix else "", scheme), *group]
            continue
        names = {kernel.name for kernel in here}
        found += [weight for weight in group if weight.name not in names]
        for kernel in here:
            found += table(kernel, scheme) if kernel.table else integers(kernel, by_name[kernel.name], scheme)
    return tuple(found)


def extra(name: str, factors: Factors, dtype: str | None = None, trainable: bool = False) -> Weight:
    """Return a tensor beside a kernel; its shape is given by its factors."""
    return Weight(name, sizes(factors), factors, "statistic", trainable, dtype)


def sizes(factors: Factors) -> tuple[int, ...]:
    """Return the sizes of factors that are all known."""
    return tuple(size or 0 for _, size in factors)


def total(factors: Factors) -> int:
    """Return the product of factors that are all known."""
    return prod(sizes(factors))


def halved(name: str, count: int) -> tuple[str, int]:
    """Return a factor for 4-bit values, two of which are packed in a byte."""
    return (f"{name}, two in a byte", -(-count // 2))


def float8_extras(prefix: str, scheme: Scheme) -> list[Weight]:
    """Return scales and past maxima of inputs, kernel and gradients, trainable as training overwrites them."""
    history = (("past maxima", scheme.history),)
    return [
        extra(f"{prefix}{tensor}_{what}", factors, "float32", trainable=True)
        for tensor in ("inputs", "kernel", "outputs_grad")
        for what, factors in (("scale", ()), ("amax_history", history))
    ]


def integers(kernel: Kernel, original: Weight, scheme: Scheme) -> list[Weight]:
    """Return an integer kernel, its scales, and whatever else the scheme needs."""
    name = kernel.name
    if scheme.mode == "int8":
        return [replace(original, trainable=False, dtype="int8"), extra(f"{name}_scale", kernel.scale)]
    rows, columns = total(kernel.rows), total(kernel.columns)
    groups = ("groups", 1 if scheme.group is None else -(-rows // scheme.group))
    of_row, of_column = ("rows", rows), ("columns", columns)
    index = extra(f"{name.removesuffix('kernel')}g_idx", (of_row,), "float32")
    if scheme.mode == "int4":
        packed = Weight(name, (rows, -(-columns // 2)), (of_row, halved("columns", columns)), "weight", False, "int8")
        if scheme.group is None:
            return [packed, extra(f"{name}_scale", (of_column,))]
        scale = (groups, of_column)
        return [packed, extra(f"{name}_scale", scale), extra(f"{name}_zero", scale, "int8"), index]
    written = halved("columns", columns) if scheme.bits == 4 else of_column
    turned = Weight(name, sizes((written, of_row)), (written, of_row), "weight", False, "uint8")
    scale = (of_column, groups)
    zero = extra(f"{name.removesuffix('kernel')}{kernel.zero}", scale, "uint8")
    salience = [extra(f"{name.removesuffix('kernel')}awq_scales", (of_row,))] if scheme.mode == "awq" else []
    return [turned, extra(f"{name}_scale", scale), zero, *salience, index]


def table(kernel: Kernel, scheme: Scheme) -> list[Weight]:
    """Return an integer table, with a scale for each entry or for each group of its elements."""
    name, (entries,), (length,) = kernel.name, kernel.rows, kernel.columns
    back = name.startswith("reverse")
    if scheme.mode == "int8":
        factors = (length, entries) if back else (entries, length)
        return [Weight(name, sizes(factors), factors, "weight", False, "int8"), extra(f"{name}_scale", (entries,))]
    packed = halved(*length)  # type: ignore[arg-type]
    factors = (packed, entries) if back else (entries, packed)
    found = [Weight(name, sizes(factors), factors, "weight", False, "int8")]
    if scheme.group is None:
        return [*found, extra(f"{name}_scale", (entries,))]
    groups = ("groups", -(-(length[1] or 0) // scheme.group))
    scale = (groups, entries) if back else (entries, groups)
    zero = extra(f"{name}_zero", scale, None if back else "int8")
    index = [] if back else [extra("g_idx", (length,), "float32")]
    return [*found, extra(f"{name}_scale", scale), zero, *index]


def lora_macs(x: Shape, inferred: Inferred, kernel: Kernel, reverse: bool) -> tuple[Factors, ...]:
    """Count the products with LoRA's two matrices one after the other: an integer kernel cannot absorb their product.

    Args:
        x: the input's shape.
        inferred: what the layer infers when it is not quantized: one product with the kernel, one of the matrices.
        kernel: the kernel.
        reverse: whether an embedding projects back, which leaves the adaptation out.
    """
    by_name = {weight.name: weight for weight in inferred.weights}
    a, b = by_name[f"lora_{kernel.name}_a"], by_name[f"lora_{kernel.name}_b"]
    plain = tuple(term for term in inferred.macs if all(name != "lora_rank" for name, _ in term))
    if kernel.table:
        return plain if reverse else (*plain, *macs_at(x, b))
    positions = plain[0][: -len(by_name[kernel.name].shape)]
    return (*plain, (*positions, *a.factors), (*positions, *kernel.columns[:-1], *b.factors))


def of_dense(layer: Any, x: Shape, inferred: Inferred, scheme: Scheme) -> list[Kernel]:
    """Return the kernel of a Dense: features × units."""
    check_lora(layer, scheme)
    features, units = next(weight for weight in inferred.weights if weight.name == "kernel").factors
    return [Kernel("kernel", (features,), (units,), (units,))]


def of_einsum(layer: Any, x: Shape, inferred: Inferred, scheme: Scheme) -> list[Kernel]:
    """Return the kernel of an equation, which Keras quantizes only without an ellipsis."""
    check_lora(layer, scheme)
    if scheme.mode == "float8":
        return []
    if "..." in layer.equation:
        raise LayerError(f"Keras does not quantize an equation with an ellipsis to {scheme.mode}")
    einsum = Einsum(layer.equation, layer.output_shape, x)
    kernel = next(weight for weight in inferred.weights if weight.name == "kernel")
    return [equation_kernel("kernel", kernel.factors, einsum.of_kernel, einsum.of_output, scheme)]


def equation_kernel(name: str, factors: Factors, letters: str, output: str, scheme: Scheme) -> Kernel:
    """Return the kernel of an equation, given the letters of its axes and of the output's."""
    scale = scale_factors(factors, letters, output)
    summed = [letter not in output for letter in letters]
    if scheme.mode in ("gptq", "awq"):
        return by_largest(name, factors, scale)
    rows = tuple(factor for factor, is_summed in zip(factors, summed, strict=True) if is_summed)
    columns = tuple(factor for factor, is_summed in zip(factors, summed, strict=True) if not is_summed)
    return Kernel(name, rows, columns, scale, "zero_point")


def by_largest(name: str, factors: Factors, scale: Factors) -> Kernel:
    """Split a kernel into rows and columns as gptq and awq do: of three axes, the largest is alone on its side.

    Raises:
        LayerError: for a kernel of more axes.
    """
    if len(factors) not in (2, 3):
        raise LayerError(f"Keras quantizes kernels of two or three axes with gptq and awq, this one has {len(factors)}")
    shape = sizes(factors)
    split = 1 if len(shape) == 2 or shape.index(max(shape)) == 0 else 2
    return Kernel(name, factors[:split], factors[split:], scale, "zero_point")


def scale_factors(factors: Factors, letters: str, output: str) -> Factors:
    """Return the axes of a kernel's int8 scale: those of the output, with 1 where the kernel has none.

    An axis that is summed takes the place of one that the kernel lacks, as long as there are any.
    """
    lacking = [index for index, letter in enumerate(output) if letter not in letters]
    order = [letters.index(letter) for letter in output if letter in letters]
    surplus = []
    place = 0
    for axis, letter in enumerate(letters):
        if letter not in output:
            if lacking:
                place = lacking.pop(0)
            else:
                surplus.append(axis)
            order.insert(place, axis)
    found = [factors[axis] if letters[axis] in output else ("summed", 1) for axis in order]
    for index in lacking:
        found.insert(index, ("broadcast", 1))
    for axis in reversed(surplus):
        found.pop(axis)
    return tuple(found)


def of_attention(layer: Any, x: Shape, inferred: Inferred, scheme: Scheme) -> list[Kernel]:
    """Return the kernels of all projections, each of which is an EinsumDense in Keras."""
    kernels = []
    positions = "".join(chr(ord("A") + axis) for axis in range(len(x) - 1))
    for weight in inferred.weights:
        if weight.name.endswith("/kernel"):
            letters = "".join(chr(ord("a") + axis) for axis in range(len(weight.shape)))
            bound = 2 if weight.name == "attention_output/kernel" else 1
            kernels.append(equation_kernel(weight.name, weight.factors, letters, positions + letters[bound:], scheme))
    return kernels


def of_table(layer: Any, x: Shape, inferred: Inferred, scheme: Scheme) -> list[Kernel]:
    """Return the table of an embedding, and the reverse table if there is one."""
    if scheme.mode not in ("int8", "int4"):
        raise LayerError(f"Keras quantizes tables to int8 and int4, not to {scheme.mode}")
    entries, length = ("input_dim", layer.input_dim), ("output_dim", layer.output_dim)
    names = [weight.name for weight in inferred.weights if weight.name.endswith("embeddings")]
    return [Kernel(name, (entries,), (length,), (entries,), table=True) for name in names]


def check_lora(layer: Any, scheme: Scheme) -> None:
    """Refuse LoRA on a kernel that is quantized with calibration data."""
    if layer.lora_rank and scheme.mode in ("gptq", "awq"):
        raise LayerError(f"lora_rank cannot be used together with {scheme.mode}")


KERNELS: dict[type[Layer], Callable[[Any, Shape, Inferred, Scheme], list[Kernel]]] = {
    Dense: of_dense,
    EinsumDense: of_einsum,
    Embedding: of_table,
    ReversibleEmbedding: of_table,
    MultiHeadAttention: of_attention,
    GroupQueryAttention: of_attention,
}
"""The classes that Keras quantizes → their kernels; in attention, those of its projections."""
