"""The stand-in for a layer whose problem is already reported."""

from paramcalc.layers.unknown import Unknown

BROKEN = Unknown("is not read, because of another problem")
