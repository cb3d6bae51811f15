"""The equation of an EinsumDense: which axes of its input are summed, which are kept, and which are new."""

import re

from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.base import Weight
from paramcalc.limits import MAX_EXPRESSION
from paramcalc.shapes import MAX_RANK, Dim, Shape, format_shape, known

FORMS = (
    "([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)",
    "0([a-zA-Z]+),([a-zA-Z]+)->0([a-zA-Z]+)",
    "([a-zA-Z]{2,})0,([a-zA-Z]+)->([a-zA-Z]+)0",
)
"""The forms of equation that Keras accepts, with the ellipsis written as 0; trailing text is ignored, as in Keras."""


class Einsum:
    """An equation, matched to the shape of one input.

    Attributes:
        output: the full output shape.
        of_input, of_kernel, of_output: the letters of each term, without the ellipsis.
        elided: the number of axes that the ellipsis stands for.
        elided_first: whether the ellipsis comes before the letters.
    """

    def __init__(self, equation: str, output_shape: int | tuple[Dim, ...], x: Shape) -> None:
        """Match the axes of `x` and of the output to the letters.

        Raises:
            LayerError: for an equation Keras does not understand, or one that `x` does not fit.
        """
        self.x = x
        self.elided_first = False
        check_length("equation", equation)
        for index, form in enumerate(FORMS):
            match = re.match(form, equation.replace("...", "0"))
            if match is not None:
                self.elided_first = index == 1
                self.of_input, self.of_kernel, self.of_output = match.groups()
                break
        else:
            raise LayerError(
                f"equation '{equation[:80]}' must look like 'ab,bc->ac', '...a,ab->...b' or 'ab...,bc->ac...'"
            )
        if max(len(self.of_input), len(self.of_kernel), len(self.of_output)) > MAX_RANK:
            raise LayerError(f"equation '{equation[:80]}' has more than {MAX_RANK} axes")
        self.elided = len(x) - len(self.of_input)
        if self.elided < 0:
            raise LayerError(
                f"the equation reads {len(self.of_input)} axes ('{self.of_input}'), the input is {format_shape(x)}"
            )
        self.output = self.full_output((output_shape,) if isinstance(output_shape, int) else output_shape)
        self.check()

    def full_output(self, partial: tuple[Dim, ...]) -> Shape:
        """Return `output_shape` with the batch and the axes that the ellipsis stands for."""
        if self.elided_first:
            # Keras writes the elided axes in reverse, which shows only if there are at least two.
            return (self.x[0], *self.x[1 : self.elided][::-1], *partial)
        return (self.x[0], *partial, *self.x[len(self.x) - self.elided :])

    def read_axis(self, letter: str) -> int:
        """Return the input axis of this letter (the last, if repeated), counted from the end after an ellipsis."""
        axis = self.of_input.rindex(letter)
        return axis - len(self.of_input) if self.elided_first else axis

    def output_size(self, letter: str) -> Dim:
        """Return the output's size at this letter."""
        axis = self.of_output.rindex(letter) + (self.elided if self.elided_first else 0)
        if axis >= len(self.output):
            raise LayerError(
                f"output_shape has no axis for '{letter}' of '{self.of_output}': "
                f"the whole output would be {format_shape(self.output)}"
            )
        return self.output[axis]

    def check(self) -> None:
        """Refuse a letter with two sizes, or one whose size is not determined."""
        for letter in self.of_input:
            if letter not in self.of_output:
                continue
            size, given = self.x[self.read_axis(letter)], self.output_size(letter)
            if given is not None and given != size:
                raise LayerError(f"axis '{letter}' is {size} in the input but {given} in output_shape")
        for letter in self.of_output:
            if letter not in self.of_input and letter not in self.of_kernel:
                raise LayerError(f"axis '{letter}' of the output is in neither the input nor the kernel")
        for letter in self.of_kernel:
            if letter not in self.of_input and letter not in self.of_output:
                raise LayerError(f"axis '{letter}' of the kernel is in neither the input nor the output")

    def kernel(self) -> Weight:
        """Return the kernel; sizes come from the output if it has the letter, else from the input."""
        factors = []
        for letter in self.of_kernel:
            if letter in self.of_output:
                size = self.output_size(letter)
                if size is None:
                    raise LayerError(f"output_shape must give the size of the kernel's axis '{letter}'")
            else:
                size = known(self.x, self.read_axis(letter), f"axis '{letter}'")
            factors.append((letter, positive(size, letter)))
        return Weight("kernel", tuple(size for _, size in factors), tuple(factors))

    def bias(self, axes: str) -> Weight:
        """Return the bias: `axes` at their sizes, and 1 for the output axes between and after them."""
        check_length("bias_axes", axes)
        missing = [letter for letter in axes if letter not in self.of_output]
        if missing or not axes:
            raise LayerError(f"bias_axes '{axes[:80]}' must be letters of the output '{self.of_output}'")
        first = min(self.of_output.index(letter) for letter in axes)
        shape: list[int] = []
        factors = []
        for letter in self.of_output[first:]:
            size = self.output_size(letter) if letter in axes else 1
            if size is None:
                raise UnknownDimensionError(f"the size of bias axis '{letter}' is unknown", 0)
            shape.append(size)
            if letter in axes:
                factors.append((letter, size))
        if not self.elided_first:
            shape.extend([1] * self.elided)
        return Weight("bias", tuple(shape), tuple(factors), "bias")

    def positions(self) -> Shape:
        """Return the axes over which the kernel is repeated: those of the input that it lacks, batch first.

        An axis that is neither in the kernel nor in the output is summed before the product.
        """
        start, kept = (self.elided, self.of_input) if self.elided_first else (0, self.of_input)
        sizes = [(axis + start, letter) for axis, letter in enumerate(kept)]
        axes = [axis for axis, letter in sizes if letter in self.of_output and letter not in self.of_kernel]
        axes += range(self.elided) if self.elided_first else range(len(self.of_input), len(self.x))
        batch = self.x[0] if 0 in axes else 1
        return (batch, *(self.x[axis] for axis in axes if axis))


def check_length(name: str, text: str) -> None:
    """Refuse an equation longer than any real one, as it is parsed at each call."""
    if len(text) > MAX_EXPRESSION:
        raise LayerError(f"{name} has at most {MAX_EXPRESSION} characters, this one has {len(text):,}")


def positive(size: int, letter: str) -> int:
    """Return a size, refusing what no weight can have."""
    if size < 1:
        raise LayerError(f"axis '{letter}' of the kernel must be positive, got {size}")
    return size
