"""`python -m tests.bench`: how fast paramcalc is, as ratios to the least that any program could take.

Both sides of a ratio run alternately, on the same machine, in the same minute. Where Keras is installed in this
Python, it stands beside.
"""

import gc
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from paramcalc import load, summarize
from tests.synthetic import SHAPES, text_of

ROOT = Path(__file__).parents[1]
APPLICATIONS = ROOT / "tests/data/keras/applications"
MODELS = ("EfficientNetB7", "NASNetLarge")
SPEC = '{"input": [5, 10], "layers": [{"SimpleRNN": 128}, {"Dense": 10}]}'

STARTS = {
    "summary, table": (["summary", "net.yaml"], "import click, msgspec, yaml, rich.console, rich.table", 1.25),
    "summary, JSON to JSON": (["summary", "net.json", "--format", "json"], "import click, msgspec, json", 1.25),
    "--version": (["--version"], "import click", 1.15),
    "--help": (["--help"], "import click", 1.15),
}
"""What is started, the imports it is held against, and the goal of the ratio."""
THROUGHPUT_GOAL = 4.0
FLAT_GOAL = 1.2
BYTES_GOAL = 2048
KERAS = "import keras, sys; keras.models.model_from_json(open(sys.argv[1]).read()).summary(print_fn=lambda *a, **k: 0)"


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def alternate(left, right, runs):
    """The times of two things, turn about."""
    pairs = [(seconds(left), seconds(right)) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def start_up(name, runs, pick=median):
    """(paramcalc, the bare imports) in seconds."""
    args, imports, _ = STARTS[name]
    with tempfile.TemporaryDirectory() as folder:
        for file in ("net.yaml", "net.json"):
            (Path(folder) / file).write_text(SPEC)
        commands = [[sys.executable, "-m", "paramcalc", *args], [sys.executable, "-c", imports]]
        environment = compiling(folder)
        ours, bare = (
            lambda command=command: subprocess.run(
                command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL
            )
            for command in commands
        )
        ours(), bare()
        return tuple(pick(times) for times in alternate(ours, bare, runs))


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
    gc.collect()
    return tuple(pick(times) for times in alternate(lambda: summarize(load(data)), lambda: json.loads(text), runs))


def scale(shape, count, runs=3):
    """Seconds a layer, at best."""
    data = text_of(shape, count)
    gc.collect()
    return min(seconds(lambda: summarize(load(data))) for _ in range(runs)) / count


def bytes_a_layer(shape, count):
    """What the model and its summary hold, the text of the file apart."""
    data = text_of(shape, count)
    gc.collect()
    tracemalloc.start()
    try:
        model = load(data)
        summary = summarize(model)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - len(data)) / summary.totals.layers
    finally:
        tracemalloc.stop()


def process(command, environment):
    """(seconds, peak bytes) of a whole process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        raise RuntimeError(f"{command} failed")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def beside_keras(name, runs=3):
    """((seconds, bytes) of paramcalc, the same of Keras), each at best."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        path.write_text(architecture(name))
        environment = compiling(folder)
        ours = min(process([sys.executable, "-m", "paramcalc", "summary", path], environment) for _ in range(runs))
        keras = min(process([sys.executable, "-c", KERAS, path], environment) for _ in range(runs))
    return ours, keras


def measurements():
    """Every row of the table, as a function that measures it."""
    for name, (_, imports, goal) in STARTS.items():
        yield lambda n=name, i=imports, g=goal: ratio_row(f"start: {n}", f'python -c "{i}"', *start_up(n, 15), g)
    for name in MODELS:
        yield lambda n=name: ratio_row(f"read {n}", "json.loads", *throughput(n, 25), THROUGHPUT_GOAL)
    for shape in SHAPES:
        yield lambda s=shape: scale_row(s)
    if find_spec("keras"):
        for name in (MODELS[0], "ResNet50"):
            yield lambda n=name: keras_row(n)


def ratio_row(what, against, ours, floor, goal):
    return what, f"{ours * 1e3:.1f} ms", against, f"{floor * 1e3:.1f} ms", f"{ours / floor:.2f}", f"≤ {goal}"


def scale_row(shape):
    small, large = scale(shape, 10_000, 4), scale(shape, 100_000, 2)
    held = f"100,000: {large * 1e6:.1f} µs, {bytes_a_layer(shape, 10_000):,.0f} B"
    return f"a layer: {shape}", held, "10,000 layers", f"{small * 1e6:.1f} µs", f"{large / small:.2f}", f"≤ {FLAT_GOAL}"


def keras_row(name):
    (ours, held), (keras, keras_held) = beside_keras(name)
    mine, theirs = f"{ours:.2f} s, {held / 1e6:.0f} MB", f"{keras:.2f} s, {keras_held / 1e6:.0f} MB"
    backend = os.environ.get("KERAS_BACKEND", "its backend")
    return f"summary {name}", mine, f"Keras on {backend}", theirs, f"{ours / keras:.3f}", "≤ 0.05"


def main():
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    table = Table("what", "paramcalc", "against", "takes", "ratio", "goal")
    for measure in track(list(measurements()), "Measuring", console=Console(stderr=True), transient=True):
        table.add_row(*measure())
    Console(width=None if sys.stdout.isatty() else 150).print(table)


if __name__ == "__main__":
    main()
