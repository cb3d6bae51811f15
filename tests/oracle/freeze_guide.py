"""The files that the guide's Python samples write, frozen in tests/data/guide.zip, so that the samples below them run.

    python -m tests.oracle.freeze_guide        (needs torch and safetensors)

Only the program of a `.pt2` is kept, not its weights: paramcalc does not read them.
"""

import io
import os
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import torch

from tests.samples import FROZEN, ROOT, blocks_of, is_for_torch

MOMENT = (1980, 1, 1, 0, 0, 0)


def main():
    """Run the samples of every page in a folder of its own, and keep the files that they write."""
    warnings.simplefilter("ignore")
    with zipfile.ZipFile(FROZEN, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((ROOT / "paramcalc" / "guide").glob("*.md")):
            for name, data in written_by(path.read_text(encoding="utf-8")).items():
                archive.writestr(zipfile.ZipInfo(f"{path.stem}/{name}", MOMENT), data, zipfile.ZIP_DEFLATED)


def written_by(page):
    """{name: content} of what the samples of a page write, without the files that the page itself shows."""
    shown = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.path.insert(0, folder)
        torch.manual_seed(0)
        for block in filter(is_for_torch, blocks_of(page)):
            if block.name:
                shown[block.name] = Path(block.name).write_text(block.text, encoding="utf-8")
            else:
                exec(compile(block.text, "sample", "exec"), {"__name__": "sample"})
        sys.path.remove(folder)
        found = {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}
        os.chdir(ROOT)
    return {
        name: without_weights(data) if name.endswith(".pt2") else data
        for name, data in found.items()
        if name not in shown
    }


def without_weights(data):
    """An exported program with its text entries alone."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(kept, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename.endswith(".json") or len(content) < 64:
                new.writestr(zipfile.ZipInfo(info.filename, MOMENT), content)
    return kept.getvalue()


if __name__ == "__main__":
    main()
