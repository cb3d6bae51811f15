"""Pages to look at: one file each, that loads nothing and can be read with JavaScript switched off."""
