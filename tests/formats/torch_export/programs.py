"""The programs that `tests.oracle.freeze_torch_export` has frozen, as archives."""

import gzip
import io
import json
import zipfile
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[2] / "data" / "torch_export"


@cache
def programs(version="2.13"):
    """{name: facts}, with the entries of the archive."""
    lines = gzip.decompress((DATA / f"{version}.jsonl.gz").read_bytes()).decode().splitlines()
    return {case["name"]: case for case in map(json.loads, lines)}


def archived(entries, method=zipfile.ZIP_STORED):
    """An archive of texts by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return file.getvalue()


def archive_of(name, version="2.13"):
    return archived(programs(version)[name]["entries"])
