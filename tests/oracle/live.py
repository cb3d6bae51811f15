"""Hold paramcalc against live Keras: `python -m tests.oracle.live --count 1000 --seed 0`.

Needs one environment with Keras 3, JAX and what paramcalc needs. `--frozen` reads the frozen cases
instead of asking Keras; `--seed N --count 1 --show` prints the file of one case and every disagreement.
"""

import argparse
import collections
import gzip
import json
import traceback
from pathlib import Path

import msgspec

import paramcalc

from .compare import compare

DATA = Path(__file__).resolve().parents[1] / "data" / "keras"


def summary_of(text: str) -> dict | str:
    """Return the summary as plain data, or the message of the refusal; a crash is a message that says so."""
    try:
        summary = paramcalc.summarize(paramcalc.load(text.encode()))
        return msgspec.json.decode(msgspec.json.encode(summary))
    except paramcalc.ParamcalcError as error:
        return f"{error}"
    except Exception:
        return "CRASH " + " | ".join(traceback.format_exc(limit=-1).split("\n")[-4:])


def live_cases(first: int, count: int, macs_every: int = 1):
    from .corpus import case_of

    return (case_of(seed, seed % macs_every == 0) for seed in range(first, first + count))


def frozen_cases():
    for path in sorted((DATA / "applications").glob("*.json.gz")):
        yield {"seed": path.name, **json.loads(gzip.decompress(path.read_bytes()))}
    for line in gzip.decompress((DATA / "random.jsonl.gz").read_bytes()).splitlines():
        yield json.loads(line)


def report(cases, show: bool) -> int:
    """Print the disagreements by cause, the commonest first; return how many cases have one."""
    causes, seen, wrong = collections.defaultdict(list), 0, 0
    for case in cases:
        found = compare(case, summary_of(case["config"]))
        seen, wrong = seen + 1, wrong + bool(found)
        for cause, detail in found:
            causes[cause].append((case["seed"], detail))
        if show:
            print(
                json.dumps(json.loads(case["config"]), indent=1),
                case.get("mutation"),
                *found,
                sep="\n",
            )
    for cause, found in sorted(causes.items(), key=lambda item: -len(item[1])):
        print(f"{len(found):5} {cause}\n      seeds {[seed for seed, _ in found][:6]}; first: {found[0][1][:400]}")
    print(f"{seen} cases, {wrong} with a disagreement")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--macs-every", type=int, default=1, help="trace the MACs of one model in so many: it is slow")
    parser.add_argument("--frozen", action="store_true")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    cases = frozen_cases() if options.frozen else live_cases(options.seed, options.count, options.macs_every)
    return 1 if report(cases, options.show) else 0


if __name__ == "__main__":
    raise SystemExit(main())
