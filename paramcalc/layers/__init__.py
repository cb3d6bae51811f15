"""The formulas: one file per family, every leaf short, shared arithmetic in `paramcalc.shapes`."""
