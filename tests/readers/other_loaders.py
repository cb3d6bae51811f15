"""Why paramcalc may differ from an older loader: reason → a pattern that every difference of such a case matches."""

MEANT = {}
