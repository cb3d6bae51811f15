"""Freeze what Keras says of keras.applications and of some hundred random models under tests/data/keras/.

Run with real Keras 3 and JAX: `python -m tests.oracle.freeze_models [applications] [random]`. The same
versions write the same bytes.
"""

import gzip
import sys
from pathlib import Path

from .truth import canonical_json, cheap_initial_values, keras, truth_of_json

DATA = Path(__file__).resolve().parents[1] / "data" / "keras"
RANDOM_MODELS = 300


def freeze_applications() -> None:
    for name in application_names():
        keras.backend.clear_session()
        with cheap_initial_values():
            config = getattr(keras.applications, name)(weights=None).to_json()
        record = {"config": config, "truth": truth_of_json(config)}
        write(DATA / "applications" / f"{name}.json.gz", canonical_json(record))
        print(name, record["truth"]["totals"], flush=True)


def application_names() -> list[str]:
    return sorted(name for name in dir(keras.applications) if name[0].isupper())


def freeze_random() -> None:
    from .corpus import case_of

    lines = [canonical_json(case_of(seed)) for seed in range(RANDOM_MODELS)]
    write(DATA / "random.jsonl.gz", "\n".join(lines) + "\n")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def main() -> None:
    wanted = sys.argv[1:] or ["applications", "random"]
    if "applications" in wanted:
        freeze_applications()
    if "random" in wanted:
        freeze_random()


if __name__ == "__main__":
    main()
