"""Parses a budget, as a spec or a configuration has it, into limits in plain numbers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from paramcalc.errors import DocPath, Key, ParamcalcError, did_you_mean, echo
from paramcalc.limits import MAX_GLOB
from paramcalc.metrics import BYTES, CONDITIONS, MEMORY, METRICS, OPTIMIZERS, WHOLE
from paramcalc.units import DTYPE_BITS, parse_bytes, parse_count, split_number

MOST = 2**31 - 1
"""The most tokens or sequences: the largest dimension."""


class BudgetError(ParamcalcError):
    """A budget that makes no sense; `where` is the place in it."""

    def __init__(self, message: str, where: DocPath = ()) -> None:
        super().__init__(message)
        self.where = where


class Budget(NamedTuple):
    """Limits by metric, in plain numbers; `layers` limits the sum over the layers that a glob matches.

    Attributes:
        dtype: the dtype that sizes are computed in; None for the dtypes of the model.
        context: the tokens of sequences whose length the file leaves open.
        batch_size: how many of them.
        optimizer: the optimizer for `training_memory`; None for adamw.
        check: the name of the check that sets it, if the configuration names it.
        hint: that check's message for when the budget is exceeded.
        owner: who sets it if no check does, such as "its own budget"; `{}` stands for the name of the metric.
        units: the unit that a limit in bytes is written in, by metric.
    """

    limits: dict[str, int]
    dtype: str | None = None
    layers: tuple[tuple[str, "Budget"], ...] = ()
    check: str | None = None
    hint: str | None = None
    owner: str | None = None
    units: Mapping[str, str] = {}
    context: int | None = None
    batch_size: int | None = None
    optimizer: str | None = None

    @property
    def measures_memory(self) -> bool:
        """Whether it limits memory that depends on the context and the batch."""
        return any(metric in self.limits for metric in MEMORY)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to check."""
        return not self.limits and not self.layers


def parse_budget(value: Any, *, nested: bool = False) -> Budget:
    """A budget as written: `{params: 5M, size: 20 MiB, dtype: int8, layers: {"head*": {params: 1M}}}`.

    Raises:
        BudgetError: for an unknown key or a value without its unit.
    """
    if not isinstance(value, dict):
        raise BudgetError("a budget is a mapping such as {params: 5M, size: 20 MiB}")
    known = [*METRICS, "dtype", *CONDITIONS, "layers"]
    if nested:
        known = [key for key in known if key not in (*WHOLE, *CONDITIONS, "layers")]
    limits: dict[str, int] = {}
    units: dict[str, str] = {}
    for key, limit in value.items():
        if key not in known:
            raise BudgetError(f"budget: unknown key '{str(key)[:60]}'{did_you_mean(str(key), known)}", (Key(key),))
        if key in METRICS:
            try:
                limits[key] = parse_bytes(limit) if key in BYTES else parse_count(limit)
                if key in BYTES:
                    units[key] = split_number(limit, "20 MiB")[1]
            except ParamcalcError as error:
                raise BudgetError(f"budget: {key}: {error}", (key,)) from None
    dtype = value.get("dtype")
    if dtype is not None and (not isinstance(dtype, str) or dtype not in DTYPE_BITS):
        near = did_you_mean(str(dtype), list(DTYPE_BITS))
        raise BudgetError(f"budget: unknown dtype '{str(dtype)[:40]}'{near}", ("dtype",))
    return Budget(
        limits,
        dtype,
        parse_layers(value.get("layers")),
        context=parse_positive(value, "context"),
        batch_size=parse_positive(value, "batch_size"),
        optimizer=parse_optimizer(value),
        units=units,
    )


def parse_positive(value: dict[str, Any], key: str) -> int | None:
    """A number of tokens or of sequences; None if it is not given.

    Raises:
        BudgetError: for anything else.
    """
    found = value.get(key)
    if found is None or (type(found) is int and 1 <= found <= MOST):
        return found
    raise BudgetError(f"budget: {key}: expected a whole number from 1 up, got {echo(found)}", (key,))


def parse_optimizer(value: dict[str, Any]) -> str | None:
    """The name of an optimizer; None if it is not given.

    Raises:
        BudgetError: for one that is not known.
    """
    found = value.get("optimizer")
    if found is None or found in OPTIMIZERS:
        return found
    near = did_you_mean(str(found), OPTIMIZERS)
    raise BudgetError(f"budget: unknown optimizer '{str(found)[:40]}'{near}", ("optimizer",))


def parse_layers(value: Any) -> tuple[tuple[str, Budget], ...]:
    """The `layers:` of a budget; each glob needs a limit, or it would always pass."""
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise BudgetError("budget: layers is a mapping of globs to limits", ("layers",))
    layers = []
    for key, limits in value.items():
        glob = str(key)
        place = ("layers", Key(glob))
        if len(glob) > MAX_GLOB:
            message = f"budget: layers: a glob has at most {MAX_GLOB:,} characters, one has {len(glob):,}"
            raise BudgetError(message, place)
        try:
            inner = parse_budget(limits, nested=True)
        except BudgetError as error:
            raise BudgetError(str(error), ("layers", glob, *error.where)) from None
        if inner.empty:
            raise BudgetError(f"budget: layers: '{glob[:60]}' has no limit", place)
        layers.append((glob, inner))
    return tuple(layers)
