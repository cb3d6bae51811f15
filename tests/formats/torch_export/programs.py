"""The programs frozen by `tests.oracle.freeze_torch_export`, as archives."""

import base64
import gzip
import io
import json
import zipfile
from functools import cache
from pathlib import Path

VERSIONS = ("2.5", "2.6", "2.7", "2.13")
DATA = Path(__file__).parents[2] / "data" / "torch_export"


@cache
def programs(version="2.13"):
    """Return {name: facts}, with the entries of the archive."""
    lines = gzip.decompress((DATA / f"{version}.jsonl.gz").read_bytes()).decode().splitlines()
    return {case["name"]: case for case in map(json.loads, lines)}


def archived(entries, method=zipfile.ZIP_STORED):
    """Return an archive of texts by name; a dict becomes a nested archive, as `content` describes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, text in entries.items():
            inner = isinstance(text, dict) and archived({key: content(value) for key, value in text.items()})
            archive.writestr(name, inner or text)
    return file.getvalue()


def content(described):
    """Return base64 as bytes, or as many zeros as the weights had bytes."""
    return base64.b64decode(described) if isinstance(described, str) else bytes(described)


def archive_of(name, version="2.13"):
    return archived(programs(version)[name]["entries"])
