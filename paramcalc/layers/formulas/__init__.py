"""Formulas that layers of several families, or of several frameworks, share."""
