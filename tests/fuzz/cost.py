"""A search for small files that cost much: `python -m tests.fuzz.cost spec --seconds 600`.

What coverage is to the other fuzzers, cost is to this one: an input that takes more processor time or memory than
those before it is kept, and changed further. Each runs in a process of its own, with the limits that users have; what
honestly makes many layers is let off what so many take. Findings are files in the work folder, with their cost.
"""

import argparse
import copy
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz.mutate import places
from tests.fuzz.targets import TARGETS, parsed

SECONDS = 2.0
MIB = 300
LAYER_SECONDS = 35e-6
LAYER_BYTES = 2_000
"""What a layer may take honestly."""

KEPT = 60
"""Inputs that are changed further."""
MAX_INPUT = 100_000
LIMIT = 20
"""Seconds after which a run is ended."""


class Cost(NamedTuple):
    """What one run took, less what its layers may take."""

    seconds: float
    mib: float

    @property
    def reward(self) -> float:
        """One number; 1 is the limit."""
        return max(self.seconds / SECONDS, 0) + max(self.mib / MIB, 0) ** 2


def show_everything(data: bytes, rng: random.Random) -> int:
    """Read a file and print it in one way of many; returns how many layers it made."""
    import paramcalc
    from paramcalc.analysis.diff import compare
    from paramcalc.analysis.evaluate import evaluate
    from paramcalc.analysis.explain import explain
    from paramcalc.analysis.summarize import summarize
    from paramcalc.formats.convert import convert
    from paramcalc.render import csv_format, diff_report, explain_text, json_format, layout, markdown, table

    model = paramcalc.load(data, name="m")
    layers = len(model.nodes)
    way = rng.randrange(8)
    if way == 0:
        for _ in explain_text.FORMATS["text"](explain(evaluate(model, allow_unknown=True), None)):
            pass
    elif way == 1:
        convert(model, rng.choice(("spec", "keras")))
    else:
        summary = summarize(model, allow_unknown=True, memory=rng.random() < 0.5)
        shown: Any = {
            2: lambda: json_format.summary_json(summary),
            3: lambda: csv_format.summary_csv(summary, None),
            4: lambda: table.summary_lines(summary, table.Options(columns=layout.default_columns(summary))),
            5: lambda: markdown.summary_markdown(summary, table.Options()),
            6: lambda: [diff_report.as_json(compare(summary, summary))],
            7: list,
        }[way]()
        for _ in shown:
            pass
    return layers


def cost_of(data: bytes, seed: int) -> Cost:
    """Run it in a child."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        run_child(data, seed, writer)
    os.close(writer)
    _, _, used = os.wait4(child, 0)
    answer = os.read(reader, 100)
    os.close(reader)
    layers, before = (int(number) for number in answer.split()) if answer else (0, 0)
    mib = (used.ru_maxrss * 1024 - before * 1024 - layers * LAYER_BYTES) / 2**20
    return Cost(used.ru_utime + used.ru_stime - layers * LAYER_SECONDS, mib if before else 0)


def run_child(data: bytes, seed: int, writer: int) -> None:
    """Tell how many layers there were, and the memory before; ends the process."""
    layers, before = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        signal.alarm(LIMIT)
        resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
        layers = show_everything(data, random.Random(seed))
    except Exception:  # refused, or a crash, which the other fuzzers are for
        pass
    os.write(writer, f"{layers} {before}".encode())
    os._exit(0)


def grown(document: Any, rng: random.Random) -> Any:
    """A copy with something in it larger: more of a list, a longer text, a larger number, itself inside itself."""
    document = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 2, 3))):
        found = places(document)
        if not found:
            return document
        container, step = rng.choice(found)
        container[step] = larger(container[step], rng, found)
    return document


def larger(value: Any, rng: random.Random, found: list[tuple[Any, Any]]) -> Any:
    """More of a value."""
    ways: list[Callable[[], Any]] = [lambda: [{"repeat": rng.choice((2, 300, 90_000)), "layers": [value]}]]
    if isinstance(value, list) and value:
        ways += [lambda: value * rng.choice((2, 3, 10)), lambda: [*value, copy.deepcopy(rng.choice(value))]] * 2
        ways += [lambda: [{"repeat": rng.choice((2, 100, 5_000)), "layers": value}]]
    if isinstance(value, str):
        ways = [lambda: value * rng.choice((2, 8, 30)), lambda: value + "/" + value, lambda: f"$({value})"]
    if isinstance(value, int) and not isinstance(value, bool):
        ways = [lambda: value * rng.choice((2, 10, 1_000)), lambda: value + 1, lambda: "$i", lambda: "$(i + 1)"]
    if isinstance(value, dict):
        ways += [
            lambda: {"class_name": "TimeDistributed", "config": {"name": "t", "layer": value}},
            lambda: {"TimeDistributed": {"layer": value}},
            lambda: {**value, "shared_object_id": rng.randrange(3)},
        ]
        other = rng.choice(found)
        ways += [lambda: {**value, rng.choice(list(value) or ["a"]): copy.deepcopy(other[0][other[1]])}]
    return rng.choice(ways)()


def changed(name: str, data: bytes, rng: random.Random) -> bytes | None:
    """Another input made of one."""
    if rng.random() < 0.3:
        return TARGETS[name].mutate(data, rng)
    document = parsed(data)
    return None if document is None else json.dumps(grown(document, rng)).encode()


def search(name: str, seconds: float, work: Path, seed: int) -> int:
    """Search for so long; returns how many findings there are."""
    rng = random.Random(seed)
    work.mkdir(parents=True, exist_ok=True)
    for way in range(30):  # what is imported here, no child imports
        with suppress(Exception):
            show_everything(TARGETS["spec"].seeds()[0], random.Random(way))
    seeds = TARGETS[name].seeds()
    pool = [(cost_of(data, 7).reward, data) for data in rng.sample(seeds, k=min(len(seeds), 40))]
    end, runs, findings = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        data = changed(name, rng.choice(pool[:KEPT])[1], rng)
        if data is None or len(data) > MAX_INPUT:
            continue
        way = rng.randrange(1_000_000)
        cost = cost_of(data, way)
        runs += 1
        if cost.seconds > SECONDS or cost.mib > MIB:
            findings += 1
            (work / f"{name}-{cost.seconds:.1f}s-{cost.mib:.0f}MiB-{len(data)}-{way}").write_bytes(data)
        pool = sorted([*pool, (cost.reward / (1 + len(data) / MAX_INPUT), data)], key=lambda kept: -kept[0])[:KEPT]
    reward, data = pool[0]
    print(f"{name}: {runs:,} runs, {findings} findings; the dearest is {reward:.2f} of the limit, {len(data):,} bytes")
    return findings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.cost", description=__doc__)
    parser.add_argument("target", choices=list(TARGETS))
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path("fuzz/cost"))
    options = parser.parse_args()
    return min(search(options.target, options.seconds, options.work, options.seed), 1)


if __name__ == "__main__":
    sys.exit(main())
