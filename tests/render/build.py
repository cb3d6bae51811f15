"""Hand-built summaries, so that rendering can be tested without files or formulas."""

from math import prod

from paramcalc.summary import InputSummary, LayerSummary, OutputSummary, Summary, Totals, WeightSummary


def weight(name, shape, kind="weight", trainable=True, tied_to=None):
    return WeightSummary(name, kind, shape, 0 if tied_to else prod(shape), trainable, tied_to)


def layer(path, type_, output, weights=(), inputs=("input",), shapes=((None, 10),), macs=0, shared=None):
    params = sum(w.params for w in weights)
    trainable = sum(w.params for w in weights if w.trainable)
    kinds = {kind: sum(w.params for w in weights if w.kind == kind) for kind in ("weight", "bias")}
    size = 4 * prod(dim or 1 for dim in output) if isinstance(output, tuple) else None
    return LayerSummary(
        path,
        path.rpartition("/")[2],
        type_,
        list(inputs),
        list(shapes),
        output,
        params,
        trainable,
        params - trainable,
        kinds["weight"],
        kinds["bias"],
        macs,
        size,
        shared,
        list(weights),
    )


def dense(path, features, units, **more):
    weights = (weight("kernel", (features, units)), weight("bias", (units,), "bias"))
    return layer(path, "Dense", (None, units), weights, shapes=((None, features),), macs=features * units, **more)


def summary(layers, name="model", source="model.yaml", **more):
    def total(field):
        values = [getattr(item, field) for item in layers]
        return None if None in values else sum(values)

    params = total("params")
    counts = [total(f"{kind}_params") for kind in ("trainable", "non_trainable", "weight", "bias")]
    calls = sum(item.shared_with is None for item in layers)
    return Summary(
        name,
        source,
        "paramcalc",
        [InputSummary("input", (None, 10), "float32")],
        [OutputSummary(layers[-1].path, layers[-1].output_shape)],
        list(layers),
        Totals(params, *counts, total("macs"), 4 * params, calls),
        **more,
    )


def block(prefix, size=64):
    return [
        dense(f"{prefix}/attention", size, size),
        dense(f"{prefix}/up", size, 4 * size),
        dense(f"{prefix}/down", 4 * size, size),
    ]


def transformer(blocks=96):
    inner = [item for index in range(blocks) for item in block(f"decoder/{index}")]
    return summary([dense("embed", 10, 64), *inner, dense("head", 64, 1000)], "transformer")
