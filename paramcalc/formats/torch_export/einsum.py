"""`einsum`: the batched matrix products that PyTorch computes for an equation.

Operands are contracted two at a time, along the path that PyTorch chose at export, or else from the left. Axes that
only one of the two has and nothing else needs are summed first; a pair without an axis to sum is multiplied
elementwise. (ATen's `einsum` and `sumproduct_pair` in aten/src/ATen/native/Linear.cpp.)
"""

from collections.abc import Sequence

from paramcalc.formats.torch_export.calls import BrokenError, Call
from paramcalc.formats.torch_export.products import Terms, matrices
from paramcalc.limits import MAX_OPERANDS
from paramcalc.shapes import MAX_RANK, Dim, product

Labels = dict[str, Dim]
"""An operand's axes by label, without those of size 1, which broadcast against the other operands."""


def einsum(call: Call) -> Terms:
    """The multiply-accumulates of an equation."""
    argument = call.argument("equation")
    equation = (argument.as_string if argument is not None else None) or ""
    shapes = call.several("tensors")
    if len(shapes) > MAX_OPERANDS or len(equation) > MAX_OPERANDS * MAX_RANK:
        raise BrokenError(f"it has more than {MAX_OPERANDS} operands")
    left, arrow, right = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(shapes):
        raise BrokenError(f"its equation is for {len(inputs)} tensors, it has {len(shapes)}")
    operands = [labelled(text, shape) for text, shape in zip(inputs, shapes, strict=True)]
    kept = set(expanded(right, operands)) if arrow else implicit(left, operands)
    return contracted(operands, kept, call.integers("path"))


def labelled(text: str, shape: Sequence[Dim]) -> Labels:
    """The axes of an operand by letter; the axes of an ellipsis are numbered from the right: "0", "1"."""
    before, dots, after = text.partition("...")
    letters = before + after
    hidden = len(shape) - len(letters)
    if hidden < 0 or (hidden and not dots) or (letters and not letters.isalpha()):
        raise BrokenError(f"its equation has '{text[:80]}' for a tensor of {len(shape)} axes")
    names = [*before, *[str(number) for number in reversed(range(hidden))], *after]
    found: Labels = {}
    for name, size in zip(names, shape, strict=True):
        if size != 1 and found.get(name) is None:
            found[name] = size
    return found


def expanded(text: str, operands: list[Labels]) -> list[str]:
    """The letters of the output, with the ellipsis written out."""
    before, dots, after = text.partition("...")
    return [*before, *(numbered(operands) if dots else []), *after]


def implicit(text: str, operands: list[Labels]) -> set[str]:
    """The output of an equation without an arrow: the ellipsis, and each letter that occurs once."""
    return {letter for letter in text if letter.isalpha() and text.count(letter) == 1} | set(numbered(operands))


def numbered(operands: list[Labels]) -> list[str]:
    """The numbered axes of the ellipsis."""
    return [name for labels in operands for name in labels if name.isdigit()]


def contracted(operands: list[Labels], kept: set[str], path: Sequence[int]) -> Terms:
    """The multiply-accumulates of all pairwise contractions."""
    counts: dict[str, int] = {}
    for labels in operands:
        for name in labels:
            counts[name] = counts.get(name, 0) + 1
    terms: Terms = ()
    steps = iter(path)
    while len(operands) > 1:
        first, second = sorted((next(steps, 0), next(steps, 1))) if path else (0, 1)
        if not 0 <= first < second < len(operands):
            raise BrokenError("its path leads nowhere")
        b, a = operands.pop(second), operands.pop(first)
        found, result = pair(a, b, kept, counts)
        terms += found
        operands.insert(len(operands) if path else 0, result)
    return terms


def pair(a: Labels, b: Labels, kept: set[str], counts: dict[str, int]) -> tuple[Terms, Labels]:
    """The multiply-accumulates of contracting two operands, and the axes of the result."""
    summed = []
    for name in {**a, **b}:
        if name in kept:
            continue
        if name in a and name in b:
            counts[name] -= 1
            if counts[name] == 1:
                summed.append(name)
        elif counts[name] == 1:
            a = {key: size for key, size in a.items() if key != name}
            b = {key: size for key, size in b.items() if key != name}
    sizes = {name: b.get(name) if size is None else size for name, size in {**b, **a}.items()}
    result = {name: size for name, size in sizes.items() if name not in summed}
    if not summed:
        return (), result
    both = [size for name, size in result.items() if name in a and name in b]
    rows = [size for name, size in a.items() if name not in b]
    columns = [size for name, size in b.items() if name not in a]
    inner = product([sizes[name] for name in summed])
    return matrices((product(both),) if both else (), product(rows), inner, product(columns)), result
