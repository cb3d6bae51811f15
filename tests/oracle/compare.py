"""Keras' truth against a paramcalc summary: every disagreement as (cause, detail). Needs no Keras."""

import re
from collections.abc import Iterator

# Classes whose products in JAX are not the layer's own arithmetic (an image resize is two matrix products
# there, a spectrogram a convolution with a Fourier basis): their MACs are no oracle.
OTHER_PRODUCTS = frozenset(
    {
        "AffineTransform",
        "CenterCrop",
        "ElasticTransform",
        "ExtractPatches",
        "ExtractSequences",
        "GaussianBlur",
        "MelSpectrogram",
        "PerspectiveTransform",
        "RGBToGrayscale",
        "RandomCrop",
        "Resize",
        "Resizing",
        "STFTSpectrogram",
        "UpSampling2D",
    }
)

Difference = tuple[str, str]


def compare(case: dict, answer: dict | str) -> list[Difference]:
    """Return the disagreements of a case of the corpus with a summary (JSON data) or an error message."""
    kind = (case.get("mutation") or "valid").split(":")[0]
    if "refused" in case:
        return [] if isinstance(answer, str) else [(f"accepted, Keras refuses ({kind})", case["refused"])]
    truth = case["truth"]
    if isinstance(answer, str):
        return [(refusal(kind, truth, answer), answer)]
    return list(differences(truth, answer)) if truth["built"] else []


def refusal(kind: str, truth: dict, answer: str) -> str:
    """Group refusals by whether Keras could do anything with the model."""
    if not truth["built"]:
        return "refused, Keras leaves it unbuilt"
    if truth["macs_error"]:
        return f"refused, Keras builds it but cannot run it ({kind})"
    where = re.search(r"\((\w+)\): (.*)", answer)
    cause = f"{where[1]}: {where[2]}" if where else answer
    return f"refused, Keras accepts ({kind}): {re.sub(r'[0-9]+', 'N', cause)[:100]}"


def differences(truth: dict, summary: dict) -> Iterator[Difference]:
    countable = macs_are_comparable(truth)
    yield from compare_totals(truth["totals"], summary["totals"], countable)
    yield from unequal("model outputs", truth["outputs"], [each["shape"] for each in summary["outputs"]])
    found = [[e["name"], e["shape"], e["dtype"]] for e in summary["inputs"]]
    yield from unequal("model inputs", truth.get("inputs", found), found)
    layers = [*truth["layers"], *truth["operations"]]
    slashed = [each["name"] for each in layers if "/" in each["name"]]
    for layer in layers:
        if layer["class"] != "InputLayer":
            rows = rows_of(layer["name"], summary["layers"], slashed)
            for what, detail in compare_layer(layer, rows, countable):
                yield f"{what}: {layer['class']}", f"{layer['name']}: {detail}"


def macs_are_comparable(truth: dict) -> bool:
    return truth["macs_error"] is None and not (OTHER_PRODUCTS & set(classes_in(truth)))


def classes_in(entry: dict) -> Iterator[str]:
    for each in [*entry.get("layers", []), *entry.get("operations", [])]:
        yield each["class"]
        yield from classes_in(each)


def compare_totals(expected: dict, found: dict, countable: bool) -> Iterator[Difference]:
    for key, ours in [
        ("params", "params"),
        ("trainable", "trainable_params"),
        ("non_trainable", "non_trainable_params"),
    ]:
        yield from unequal(f"total {key}", expected[key], found[ours])
    if "size_bytes" in expected:
        yield from unequal("total size", expected["size_bytes"], found["size_bytes"])
    if countable and expected["macs"] is not None:  # None: JAX cannot trace a model of unknown sizes
        yield from unequal("total macs", expected["macs"], found["macs"])


def rows_of(name: str, rows: list[dict], slashed: list[str]) -> list[dict]:
    """The rows of a top-level layer: itself, its later calls (`name#2`), and all inside it.

    `slashed` are the top-level names that only look as if they stood inside another layer.
    """
    mine = re.compile(re.escape(name) + r"(#\d+)?(/.*)?", re.DOTALL)
    others = tuple(other for other in slashed if other.startswith(f"{name}/"))
    return [row for row in rows if mine.fullmatch(row["path"]) and not row["path"].startswith(others or "\0")]


def compare_layer(layer: dict, rows: list[dict], countable: bool) -> Iterator[Difference]:
    if not rows:
        if "params" not in layer or layer["params"] or "layers" not in layer:
            yield "no row", f"expected {layer['calls']}"
        return
    for key in ("trainable", "non_trainable"):
        yield from unequal(key, layer.get(key, 0), sum(row[f"{key}_params"] for row in rows))
    macs = [call.get("macs") for call in layer["calls"]]
    if countable and None not in macs:
        yield from unequal("macs", sum(macs), add([row["macs"] for row in rows]))
    if "layers" in layer:
        return
    if layer["calls"]:
        yield from unequal(
            "shapes",
            sorted_calls(call["shapes"] for call in layer["calls"]),
            sorted_calls(shapes_of(row) for row in rows),
        )
    taken = [call.get("bytes") for call in layer["calls"]]
    if taken and None not in taken:
        yield from unequal("bytes", sum(taken), add([row["output_bytes"] for row in rows]))
    if "weights" in layer:
        weights = sorted(shape for _, shape, _ in layer["weights"])
        yield from unequal("weights", weights, sorted(w["shape"] for w in rows[0]["weights"]))


def add(numbers: list[int | None]) -> int | None:
    return None if None in numbers else sum(numbers)


def sorted_calls(calls) -> list:
    return sorted(calls, key=repr)


def shapes_of(row: dict) -> list:
    """One shape or a list of shapes, as a list of shapes."""
    shape = row["output_shape"]
    return shape if shape and isinstance(shape[0], list) else [shape]


def unequal(what: str, expected, found) -> Iterator[Difference]:
    if expected != found:
        yield what, f"Keras {expected}, paramcalc {found}"
