"""A search for small files that cost much: `python -m tests.fuzz.cost spec --seconds 600`.

What coverage is to the other fuzzers, cost is to this one: an input that takes more processor time or memory than
those before it is kept, and changed further. Each is given to one command line of `ways.py` in a process of its own,
with the limits that users have; what honestly makes many layers is let off what so many take there. Findings are files
in the work folder, each with its command line beside it; `--show FILE` measures one again.
"""

import argparse
import copy
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz import ways
from tests.fuzz.mutate import places
from tests.fuzz.targets import FOLDERS, TARGETS, parsed

SECONDS = 2.0
MIB = 300
HONEST = 4_000
"""The layers of the model that measures the cost of a layer in each way."""
HONEST_MORE = 1.5

KEPT = 60
"""Inputs that are changed further."""
MAX_INPUT = 100_000
LIMIT = 60
"""CPU seconds after which a run is ended, and a tenth of the wall-clock seconds."""


class Cost(NamedTuple):
    """The cost of one run, less the allowance for its layers."""

    seconds: float
    mib: float
    layers: int

    @property
    def reward(self) -> float:
        """The cost as one number; 1 is the limit."""
        return max(self.seconds / SECONDS, 0) + max(self.mib / MIB, 0) ** 2

    def less(self, a_layer: "Cost") -> "Cost":
        """Return the cost less the allowance for each layer."""
        off = self.layers * HONEST_MORE
        return Cost(self.seconds - off * a_layer.seconds, self.mib - off * a_layer.mib, self.layers)


def cost_of(args: list[str]) -> Cost:
    """Return the cost of a command line, run in a child process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        run_child(args, writer)
    os.close(writer)
    _, _, used = os.wait4(child, 0)
    answer = os.read(reader, 100)
    os.close(reader)
    layers, before = (int(number) for number in answer.split()) if answer else (0, 0)
    mib = (used.ru_maxrss - before) / 1024
    return Cost(used.ru_utime + used.ru_stime, mib if before else 0, layers)


def run_child(args: list[str], writer: int) -> None:
    """Report the number of layers and the memory before; ends the process."""
    layers, before = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        signal.alarm(10 * LIMIT)  # wall-clock seconds, many of them on a busy machine
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
        resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
        layers = ways.run(args)
    except Exception:  # a crash, which is for the other fuzzers to find
        pass
    os.write(writer, f"{layers} {before}".encode())
    os._exit(0)


class Bench:
    """A folder to lay inputs out in, and what a layer honestly takes in each way, measured when it is first asked."""

    def __init__(self, folder: Path, target: str) -> None:
        self.folder = folder
        self.as_folder = target in FOLDERS
        self.honest: dict[tuple[str, ...], Cost] = {}
        self.file = str(folder / "honest.yaml")
        tokens = "input: {shape: [null], dtype: int32}"  # for what asks about contexts
        layers = f"{{{tokens}, layers: [Embedding: [8, 8], {{repeat: {HONEST // 2}, layers: [Dense: 8, ReLU]}}]}}"
        Path(self.file).write_text(layers)
        for way in ways.command_lines():  # what is imported here, no child imports
            with suppress(Exception):
                warm(ways.arguments(way, self.small(), self.small()))

    def small(self) -> str:
        """Return a model of one layer."""
        path = self.folder / "small.yaml"
        path.write_text("{input: [8], layers: [Dense: 8]}")
        return str(path)

    def a_layer(self, way: tuple[str, ...]) -> Cost:
        """Return the cost of one layer."""
        if way not in self.honest:
            cost = cost_of(ways.arguments(way, self.file, self.file))
            each = cost.layers or float("inf")
            self.honest[way] = Cost(cost.seconds / each, cost.mib / each, 1)
        return self.honest[way]

    def measure(self, way: tuple[str, ...], data: bytes, other: bytes) -> Cost:
        """Measure an input in one way, beside another input for commands that compare two."""
        file = ways.laid_out(data, self.folder, "a", self.as_folder)
        beside = ways.laid_out(other, self.folder, "b", self.as_folder)
        return cost_of(ways.arguments(way, file, beside)).less(self.a_layer(way))


def warm(args: list[str]) -> None:
    """Run a command line in this process and discard its output."""
    kept = os.dup(1), os.dup(2)
    try:
        ways.run(args)
    finally:
        for number, copied in enumerate(kept, 1):
            os.dup2(copied, number)
            os.close(copied)


def grown(document: Any, rng: random.Random) -> Any:
    """Return a copy with something larger: a longer list or text, a larger number, or a value nested in itself."""
    document = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 2, 3))):
        found = places(document)
        if not found:
            return document
        container, step = rng.choice(found)
        container[step] = larger(container[step], rng, found)
    return document


def larger(value: Any, rng: random.Random, found: list[tuple[Any, Any]]) -> Any:
    """Return a larger version of a value."""
    how: list[Callable[[], Any]] = [lambda: [{"repeat": rng.choice((2, 300, 90_000)), "layers": [value]}]]
    if isinstance(value, list) and value:
        how += [lambda: value * rng.choice((2, 3, 10)), lambda: [*value, copy.deepcopy(rng.choice(value))]] * 2
        how += [lambda: [{"repeat": rng.choice((2, 100, 5_000)), "layers": value}]]
    if isinstance(value, str):
        how = [lambda: value * rng.choice((2, 8, 30)), lambda: value + "/" + value, lambda: f"$({value})"]
    if isinstance(value, int) and not isinstance(value, bool):
        how = [lambda: value * rng.choice((2, 10, 1_000)), lambda: value + 1, lambda: "$i", lambda: "$(i + 1)"]
    if isinstance(value, dict):
        how += [
            lambda: {"class_name": "TimeDistributed", "config": {"name": "t", "layer": value}},
            lambda: {"TimeDistributed": {"layer": value}},
            lambda: {**value, "shared_object_id": rng.randrange(3)},
        ]
        other = rng.choice(found)
        how += [lambda: {**value, rng.choice(list(value) or ["a"]): copy.deepcopy(other[0][other[1]])}]
    return rng.choice(how)()


def changed(name: str, data: bytes, rng: random.Random) -> bytes | None:
    """Return another input derived from one."""
    if rng.random() < 0.3:
        return TARGETS[name].mutate(data, rng)
    document = parsed(data)
    return TARGETS[name].mutate(data, rng) if document is None else json.dumps(grown(document, rng)).encode()


def search(name: str, seconds: float, work: Path, seed: int) -> int:
    """Search for `seconds`; return the number of findings."""
    rng = random.Random(seed)
    work.mkdir(parents=True, exist_ok=True)
    seeds = TARGETS[name].seeds()
    pool = [(0.0, data) for data in rng.sample(seeds, k=min(len(seeds), KEPT))]
    end, runs, findings = time.monotonic() + seconds, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), name)
        while time.monotonic() < end:
            data, other, way = changed(name, rng.choice(pool)[1], rng), rng.choice(pool)[1], ways.chosen(rng)
            if data is None or len(data) > MAX_INPUT:
                continue
            with suppress(ValueError):
                cost = bench.measure(way, data, other)
                runs += 1
                if cost.seconds > SECONDS or cost.mib > MIB:
                    findings += 1
                    keep(work / f"{name}-{cost.seconds:.1f}s-{cost.mib:.0f}MiB-{seed}-{runs}", way, data, other)
                kept = (cost.reward / (1 + len(data) / MAX_INPUT), data)
                pool = sorted([*pool, kept], key=lambda item: -item[0])[:KEPT]
    reward, data = pool[0]
    print(f"{name}: {runs:,} runs, {findings} findings; the dearest is {reward:.2f} of the limit, {len(data):,} bytes")
    return findings


def keep(path: Path, way: tuple[str, ...], data: bytes, other: bytes) -> None:
    """Write a finding: its input, the other input, its command line."""
    path.write_bytes(data)
    path.with_name(path.name + ".other").write_bytes(other)
    path.with_name(path.name + ".way").write_text(json.dumps(way))


def show(path: Path) -> None:
    """Measure a finding again."""
    way = tuple(json.loads(path.with_name(path.name + ".way").read_text()))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), path.name.partition("-")[0])
        cost = bench.measure(way, path.read_bytes(), path.with_name(path.name + ".other").read_bytes())
        print(f"{' '.join(way)}: {cost}, each layer {bench.a_layer(way).seconds * 1e6:.0f} µs")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.cost", description=__doc__)
    parser.add_argument("target", choices=list(TARGETS), nargs="?", default="spec")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path("fuzz/cost"))
    parser.add_argument("--show", type=Path, help="measure a finding again")
    options = parser.parse_args()
    if options.show:
        show(options.show)
        return 0
    return min(search(options.target, options.seconds, options.work, options.seed), 1)


if __name__ == "__main__":
    sys.exit(main())
