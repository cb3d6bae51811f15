"""Checkpoints that the libraries wrote, and what they read in them: `tests/oracle/freeze_checkpoints.py` froze both."""

import json
import zipfile
from pathlib import Path

import pytest

FROZEN = Path(__file__).resolve().parents[1] / "data" / "checkpoints.zip"


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """The folder with the files."""
    folder = tmp_path_factory.mktemp("checkpoints")
    with zipfile.ZipFile(FROZEN) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def truth():
    """File → tensor → [shape, dtype, bytes], as its own library has them."""
    with zipfile.ZipFile(FROZEN) as archive:
        return json.loads(archive.read("truth.json"))
