"""`python -m tests.bench`: how fast paramcalc is, as ratios to the least that any program could take.

Both sides of a ratio run alternately, on the same machine, in the same minutes; what stands in the table is the
median of each. Where Keras is installed in this Python, it stands beside.
"""

import atexit
import gc
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import chdir
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click
import yaml

from paramcalc import load, summarize
from paramcalc.cli import run as run_paramcalc
from paramcalc.formats.text.strict_yaml import parse_yaml
from paramcalc.render.svg import Heading, Line, Picture, draw
from tests.synthetic import SHAPES, text_of, yaml_text

ROOT = Path(__file__).parents[1]
APPLICATIONS = ROOT / "tests/data/keras/applications"
MODELS = ("EfficientNetB7", "NASNetLarge")
SPEC = '{"input": [5, 10], "layers": [{"SimpleRNN": 128}, {"Dense": 10}]}'

SCRIPT = "import sys; from paramcalc.cli import main; main()"
"""What the installed script does."""

STARTS = {
    "summary, table": (["summary", "net.yaml"], "import click, msgspec, yaml, rich.console, rich.table", 0.6),
    "summary, JSON to JSON": (["summary", "net.json", "--format", "json"], "import click, msgspec, json", 1.05),
    "--version": (["--version"], "import click", 1.0),
    "--help": (["--help"], "import click", 1.0),
}
"""What is started, the imports it is held against, and the goal of the ratio."""
THROUGHPUT_GOAL = 3.0
YAML_GOAL = 1.3
FLAT_GOAL = 1.2
BYTES_GOAL = 2048
CHECK_GOAL = 1e-3
CHECK_RATIO = 10
"""What a millisecond beyond parsing comes to, for tests that know no clock."""
KERAS = "import keras, sys; keras.models.model_from_json(open(sys.argv[1]).read()).summary(print_fn=lambda *a, **k: 0)"
SIZES = (1_000, 10_000, 100_000)


class Row(NamedTuple):
    """One line of the table, as text."""

    what: str
    ours: str
    against: str
    theirs: str
    ratio: str
    goal: str
    used: float
    """The share of the goal that is used: 1 is the limit."""


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def settle():
    """Exclude existing objects from later garbage collections, so that they don't slow what is measured next."""
    gc.collect()
    gc.freeze()


def alternate(left, right, runs):
    """Return the times of two functions, run alternately."""
    pairs = [(seconds(left), seconds(right)) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def start_up(name, runs, pick=median):
    """(paramcalc, the bare imports) in seconds."""
    args, imports, _ = STARTS[name]
    folder = starts()
    commands = [[sys.executable, "-c", SCRIPT, *args], [sys.executable, "-c", imports]]
    environment = compiling(folder)
    ours, bare = (
        partial(subprocess.run, command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        for command in commands
    )
    ours(), bare()
    return tuple(pick(times) for times in alternate(ours, bare, runs))


@cache
def starts():
    """A folder with the files that are read, in which all starts keep the modules that they compile."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    for file in ("net.yaml", "net.json"):
        (Path(folder) / file).write_text(SPEC)
    return folder


def compiling(folder):
    """An environment in which Python keeps compiled modules, as it does for what is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(Path(folder) / "compiled")}


def architecture(name):
    """The Keras JSON of one of keras.applications."""
    with gzip.open(APPLICATIONS / f"{name}.json.gz", "rt") as file:
        config = json.load(file)["config"]
    return config if isinstance(config, str) else json.dumps(config)


def throughput(name, runs, pick=median):
    """(reading and summarising, json.loads of the same text) in seconds."""
    text = architecture(name)
    data = text.encode()
    settle()
    return tuple(pick(times) for times in alternate(lambda: summarize(load(data)), lambda: json.loads(text), runs))


def strict_yaml(runs, pick=median):
    """(reading strictly, the lenient loader on libyaml) in seconds, for the same text."""
    text = yaml_text(2_000)
    ours, theirs = partial(parse_yaml, text, "net.yaml"), partial(yaml.load, text, Loader=yaml.CSafeLoader)
    return tuple(pick(times) for times in alternate(ours, theirs, runs))


def scale(shape, count, runs=3):
    """Seconds a layer, at best: (reading and summarising, json.loads of the same text)."""
    data = text_of(shape, count)
    settle()
    times = alternate(lambda: summarize(load(data, max_layers=count + 1)), lambda: json.loads(data), runs)
    return tuple(min(each) / count for each in times)


def bytes_a_layer(shape, count):
    """What the model and its summary hold, the text of the file apart."""
    data = text_of(shape, count)
    settle()
    tracemalloc.start()
    try:
        model = load(data)
        summary = summarize(model)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - len(data)) / summary.totals.layers
    finally:
        tracemalloc.stop()


def many_checks(count, runs, pick=median):
    """(`paramcalc check` of many small specs in one process, parsing their texts) in seconds a spec."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for number in range(count):
            Path(f"net{number}.yaml").write_text(f"input: [8]\nlayers:\n- Dense: {1 + number % 99}\n- Dense: 10\n")
        paths = sorted(Path().glob("*.yaml"))

        def parse():
            for path in paths:
                yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)

        def check():
            assert run_paramcalc(["check", "*.yaml", "--max-params", "1M", "--quiet"]) == 0

        check(), parse()
        return tuple(pick(times) / count for times in alternate(check, parse, runs))


MEASURE = """import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""
"""A small process between: what a child starts with, of its parent's memory, counts as its own."""


def process(command, environment):
    """(seconds, peak bytes) of a whole process."""
    measured = [sys.executable, "-S", "-c", MEASURE, *command]
    done = subprocess.run(measured, check=True, capture_output=True, env=environment, text=True)
    elapsed, kilobytes = done.stdout.split()
    return float(elapsed), int(kilobytes) * 1024


def beside_keras(name, runs, pick=median):
    """((seconds, bytes) of paramcalc, the same of Keras)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        path.write_text(architecture(name))
        environment = compiling(folder)
        commands = [[sys.executable, "-c", SCRIPT, "summary", path], [sys.executable, "-c", KERAS, path]]
        for command in commands:  # compiles what is not compiled yet
            process(command, environment)
        pairs = [[process(command, environment) for command in commands] for _ in range(runs)]
    return [tuple(map(pick, zip(*side, strict=True))) for side in zip(*pairs, strict=True)]


def measurements(million: bool) -> Iterator[Callable[[], Row]]:
    """Every row of the table, as a function that measures it."""
    for name, (_, imports, goal) in STARTS.items():
        yield lambda n=name, i=imports, g=goal: ratio_row(f"start: {n}", f'python -c "{i}"', start_up(n, 15), g)
    for name in MODELS:
        yield lambda n=name: ratio_row(f"read {n}", "json.loads", throughput(n, 25), THROUGHPUT_GOAL)
    yield lambda: ratio_row("read YAML, 2,000 layers", "yaml.load(…, CSafeLoader)", strict_yaml(10), YAML_GOAL)
    yield lambda: check_row(10_000)
    for shape in SHAPES:
        yield lambda s=shape: scale_row(s, million)
    if find_spec("keras"):
        for name in (MODELS[0], "ResNet50"):
            yield lambda n=name: keras_row(n)


def ratio_row(what: str, against: str, times: tuple[float, float], goal: float) -> Row:
    ours, floor = times
    return Row(what, f"{ours * 1e3:.1f} ms", against, f"{floor * 1e3:.1f} ms", f"{ours / floor:.2f}", f"≤ {goal}",
               ours / floor / goal)  # fmt: skip


def check_row(count: int) -> Row:
    ours, floor = many_checks(count, 3)
    beyond = f"{(ours - floor) * 1e3:.2f} ms beyond"
    return Row(f"check {count:,} specs, each", f"{ours * 1e3:.2f} ms", "yaml.load(…, CSafeLoader)",
               f"{floor * 1e3:.2f} ms", beyond, f"≤ {CHECK_GOAL * 1e3:g} ms beyond",
               (ours - floor) / CHECK_GOAL)  # fmt: skip


def scale_row(shape: str, million: bool) -> Row:
    """Microseconds a layer at each size; the ratio is that of the largest to the second."""
    sizes = (*SIZES, 1_000_000) if million and shape in ("chain", "repeat") else SIZES
    times = [scale(shape, size, max(100_000 // size, 3) if size < 1_000_000 else 1) for size in sizes]
    ours, floor = (", ".join(f"{each * 1e6:.1f}" for each in side) for side in zip(*times, strict=True))
    layers = ", ".join(f"{size // 1000:,}k" for size in sizes)
    flat, held = times[-1][0] / times[1][0], bytes_a_layer(shape, 10_000)
    return Row(f"a layer: {shape}", f"{ours} µs, {held:,.0f} B", f"json.loads; {layers} layers",
               f"{floor} µs" if shape != "repeat" else "", f"{flat:.2f}", f"≤ {FLAT_GOAL}, {BYTES_GOAL:,} B",
               max(flat / FLAT_GOAL, held / BYTES_GOAL))  # fmt: skip


def keras_row(name: str) -> Row:
    (ours, held), (keras, keras_held) = beside_keras(name, 10)
    mine, theirs = f"{ours:.2f} s, {held / 1e6:.0f} MB", f"{keras:.2f} s, {keras_held / 1e6:.0f} MB"
    backend = os.environ.get("KERAS_BACKEND", "its backend")
    ratios = f"1/{keras / ours:.0f}, 1/{keras_held / held:.0f}"
    used = max(20 * ours / keras, 10 * held / keras_held)
    return Row(f"summary {name}", mine, f"Keras on {backend}", theirs, ratios, "≤ 1/20, 1/10", used)


def chart(rows):
    """Return a chart with a bar per row, its share of the goal, and the numbers beside it."""
    right = ("paramcalc", "takes", "ratio", "goal")
    headings = [Heading("what"), Heading("", bar=260, goal=0.8)]
    headings += [Heading(name, name in right) for name in ("paramcalc", "against", "takes", "ratio", "goal")]
    against = [row.against.removeprefix('python -c "').removesuffix('"') for row in rows]
    cells = [[row.what, "", row.ours, name, *row[3:6]] for row, name in zip(rows, against, strict=True)]
    lines = [Line(each, bar=0.8 * row.used) for each, row in zip(cells, rows, strict=True)]
    note = "The bar is what it takes of its goal, whose end is the line: the shorter, the better."
    return draw(Picture("How fast paramcalc is", "python -m tests.bench", headings, lines, notes=[note]))


@click.command(help=__doc__)
@click.option("--million", is_flag=True, help="Models of a million layers, too: they take minutes and 8 GB.")
@click.option("--svg", type=click.Path(), metavar="FILE", help="Draw it into a file.")
def main(million: bool, svg: str | None) -> None:
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    os.environ["PARAMCALC_MAX_MIB"] = "1000"
    tasks = track(list(measurements(million)), "Measuring", console=Console(stderr=True), transient=True)
    rows = [measure() for measure in tasks]
    table = Table("what", "paramcalc", "against", "takes", "ratio", "goal")
    for row in rows:
        table.add_row(*row[:6])
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    if svg is not None:
        Path(svg).write_text(chart(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
