"""Checkpoints that the libraries wrote, and what the libraries read in them (tests/oracle/freeze_checkpoints.py)."""

import json
import zipfile
from pathlib import Path

import pytest

FROZEN = Path(__file__).resolve().parents[1] / "data" / "checkpoints.zip"


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Return the folder with the files."""
    folder = tmp_path_factory.mktemp("checkpoints")
    with zipfile.ZipFile(FROZEN) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def truth():
    """Return file → tensor → [shape, dtype, bytes], as its own library reads them."""
    with zipfile.ZipFile(FROZEN) as archive:
        return json.loads(archive.read("truth.json"))
