"""The layers and their formulas: a namespace for each framework, one file per family."""
