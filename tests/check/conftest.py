"""Folders with files, for tests of globs and of the configuration."""

import os
from pathlib import Path

import pytest

from tests.check.repositories import repository, template

__all__ = ["repository", "template", "tree"]

FILES = [
    "a.yaml",
    "m/b.yaml",
    "m/deep/er/c.yaml",
    "m/deep/d.json",
    "m/x/e.yaml",
    ".hidden/f.yaml",
    "m/.g.yaml",
    "s p/[h].yaml",
]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Folders with files, and links that lead back up."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("")
    for name in ("m/up", "m/deep/up", "m/also"):
        os.symlink(tmp_path, name)
    os.symlink("a.yaml", "link.yaml")
    os.symlink("nowhere", "dangling.yaml")
    return tmp_path
