"""Freeze what other loaders than Keras 3 said of their files: `python -m tests.oracle.freeze_others FILE.jsonl…`.

The files are what `keras1_models.py`, `keras2_models.py`, `tensorflow_operations.py` and `tfjs_models.cjs` printed,
each named after its loader, which becomes the first word of a case's name.
"""

import gzip
import json
import sys
from pathlib import Path

OTHERS = Path(__file__).resolve().parents[1] / "data" / "keras" / "others.jsonl.gz"


def main(paths: list[str]) -> None:
    lines = []
    for path in map(Path, paths):
        for line in path.read_text().splitlines():
            case = json.loads(line)
            case["seed"] = f"{path.stem} {case['seed']}"
            lines.append(json.dumps(case, sort_keys=True, separators=(",", ":")))
    OTHERS.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1:])
