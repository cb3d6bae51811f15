"""Coverage-guided fuzzing with atheris: `pip install atheris`, then `python -m tests.fuzz keras --seconds 900`.

The corpus is kept in the work folder, and the next run goes on from it. So are findings: one file for each place in
the code, with its traceback beside it; `--show FILE` examines one once more. What is found becomes a file of
tests/data/hostile.
"""

import argparse
import hashlib
import pkgutil
import random
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tests.fuzz.targets import FOLDERS, TARGETS, Target

SLOWER = 3
"""How many times slower code runs while its coverage is recorded."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=[name for name in TARGETS if name not in FOLDERS], default="bytes")
    parser.add_argument("--seconds", type=int, default=900)
    parser.add_argument("--work", type=Path, default=Path("fuzz"), help="where corpus and findings are kept")
    parser.add_argument("--show", type=Path, help="examine one file, without the fuzzer")
    options = parser.parse_args()
    if options.show:
        from tests.fuzz.examine import examine

        print(examine(options.show.read_bytes()))
        return
    fuzz(options.target, options.seconds, options.work.resolve())


def fuzz(name: str, seconds: int, work: Path) -> None:
    import atheris

    target = TARGETS[name]
    with atheris.instrument_imports(include=["paramcalc"]):
        import_everything()
    from tests.fuzz.examine import SECONDS, examine

    corpus = work / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number:04}").write_bytes(seed)

    def one_input(data: bytes) -> None:
        try:
            examine(data, seconds=SECONDS * SLOWER, pictures=len(data) % 16 == 0)
        except Exception as error:
            record(data, error, work / "findings")

    atheris.Setup(
        [
            *(sys.argv[0], str(corpus), f"-max_total_time={seconds}", f"-artifact_prefix={work}/{name}-"),
            *("-max_len=65536", "-timeout=30", "-rss_limit_mb=2048", "-print_final_stats=1"),
            f"-dict={write_words(work)}",
        ],
        one_input,
        custom_mutator=mutator(target),
    )
    atheris.Fuzz()


def record(data: bytes, error: Exception, folder: Path) -> None:
    """Save a finding, one for each place in the code (the shortest input), and go on."""
    folder.mkdir(exist_ok=True)
    frames = [f"{frame.name} {frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-2:]]
    kind = hashlib.sha256(repr([type(error).__name__, frames]).encode()).hexdigest()[:12]
    path = folder / kind
    if not path.exists() or len(data) < path.stat().st_size:
        path.write_bytes(data)
        path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)))


def mutator(target: Target) -> Callable[[bytes, int, int], bytes]:
    """Return the target's own mutator; it falls back to the fuzzer's when it returns nothing."""
    import atheris

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        found = target.mutate(data, random.Random(seed))
        if found is None or len(found) > max_size:
            return atheris.Mutate(data, max_size)  # looked up here: Fuzz() replaces it
        return found

    return mutate


def import_everything() -> None:
    """Import all of paramcalc, which otherwise imports lazily."""
    import paramcalc

    for module in pkgutil.walk_packages(paramcalc.__path__, "paramcalc."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def write_words(work: Path) -> Path:
    """Write a dictionary of the words of both languages, which random bytes would never contain."""
    from paramcalc.layers.registry import Registry

    words = Registry().built_in()
    words += ["layers:", "inputs:", "input:", "blocks:", "repeat:", "branches:", "merge:", "outputs:", "vars:", "tied:"]
    words += ['"class_name":', '"config":', '"inbound_nodes":', '"Functional"', '"Sequential"', "$(", "<<: *", "&a "]
    path = work / "words"
    path.write_text("".join('"' + word.replace('"', '\\"') + '"\n' for word in words))
    return path


main()
