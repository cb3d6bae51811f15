"""Which package a class is of: by its module, by what it is registered under, or by its config alone."""

import json
import subprocess
import sys

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from paramcalc.formats.convert import convert
from paramcalc.layers.packages import PACKAGES, loaded, package_of

INITIALIZERS = {"beta_initializer": {"class_name": "Zeros", "config": {}}, "gamma_initializer": "ones"}
NORMALIZED = {"axis": -1, "epsilon": 0.001, "center": True, "scale": True, **INITIALIZERS}
ADDONS = "tensorflow_addons.layers.normalizations"
QDENSE = {"units": 3, "activation": "quantized_relu(4)", "kernel_quantizer": "quantized_bits(4, 0, 1)"}
QDENSE |= {"bias_quantizer": {"class_name": "quantized_po2", "config": {"bits": 4}}}
CRF = {"units": 3, "learn_mode": "join", "test_mode": "viterbi", "sparse_target": False, "use_bias": True}
CRF |= {"use_boundary": True}
CAPSULE = {"num_capsule": 3, "dim_capsule": 4, "routings": 3, "share_weights": False, "activation": "relu"}


def read(kind, config, shape=(8, 4), **more):
    """A model of one layer, as Keras 2 wrote it."""
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, *shape], "name": "i"}}
    layer = {"class_name": kind, "config": {"name": "x", "trainable": True, **config}, **more}
    document = {"class_name": "Sequential", "config": {"name": "m", "layers": [first, layer]}, "keras_version": "2.2.4"}
    return paramcalc.load(json.dumps(document).encode())


def params(*given, **more):
    return summarize(read(*given, **more)).totals.params


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("Addons>InstanceNormalization", {}),
        ("InstanceNormalization", {"module": ADDONS, "registered_name": "Addons>InstanceNormalization"}),
        ("InstanceNormalization", {"module": ADDONS}),
        ("InstanceNormalization", {"module": "keras_contrib.layers.normalization.instancenormalization"}),
        ("InstanceNormalization", {}),
    ],
)
def test_a_class_of_a_known_package_is_read(kind, more):
    assert params(kind, NORMALIZED, **more) == 8


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("Mine>InstanceNormalization", {}),
        ("InstanceNormalization", {"module": "mine.layers"}),
        ("InstanceNormalization", {"module": "tensorflow_addons_of_mine"}),
        ("InstanceNormalization", {"module": ADDONS, "registered_name": "Mine>InstanceNormalization"}),
        ("InstanceNormalization", {"module": ADDONS, "registered_name": "Addons>GELU"}),
        ("Addons>Mine", {}),
        ("Addons>QDense", {}),
        ("QDense", {"module": ADDONS}),
        ("QDense", {"module": 7}),
        ("QDense", {"module": ["qkeras"], "registered_name": 3}),
    ],
)
def test_any_other_is_refused_by_name(kind, more):
    with pytest.raises(InputError, match="is not a Keras layer: its code is not in the file"):
        params(kind, NORMALIZED, **more)


@pytest.mark.parametrize(
    ("kind", "config", "count"),
    [
        ("InstanceNormalization", {**NORMALIZED, "axis": None}, 2),
        ("InstanceNormalization", {**NORMALIZED, "axis": 1, "center": False}, 8),
        ("GroupNormalization", {**NORMALIZED, "groups": 2}, 8),
        ("FixedDropout", {"rate": 0.2, "noise_shape": [None, 1, 1], "seed": None}, 0),
        ("QDense", QDENSE, 15),
        ("CRF", CRF, 4 * 3 + 3 * 3 + 3 + 2 * 3),
        ("Capsule", CAPSULE, 8 * 4 * 12),
        ("PELU", {"alpha_initializer": "ones", "beta_initializer": "ones", "shared_axes": [1]}, 8),
    ],
)
def test_a_bare_name_is_read_where_the_config_has_the_fields_of_the_one_class_of_this_name(kind, config, count):
    """Keras-contrib after its source: it cannot be installed any more."""
    assert params(kind, config) == count


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("InstanceNormalization", {"axis": -1}),
        ("InstanceNormalization", {**NORMALIZED, "style": 3}),
        ("FixedDropout", {"rate": 0.2}),
        ("QDense", {"units": 3}),
        ("CRF", {"units": 3}),
        ("TransformerEncoder", {"num_heads": 3}),
    ],
)
def test_a_bare_name_with_another_config_is_somebody_elses_class(kind, config):
    with pytest.raises(InputError, match=f"'{kind}' is not a Keras layer"):
        params(kind, config)


@pytest.mark.parametrize("field", ["activation", "kernel_quantizer"])
@pytest.mark.parametrize("value", ["mine(4)", {"class_name": "mine", "config": {}}, ["relu"]])
def test_a_quantizer_that_is_not_the_packages_is_refused(field, value):
    with pytest.raises(InputError, match=f"its {field} .* is none of QKeras"):
        params("QDense", {**QDENSE, field: value})


def test_a_package_layer_around_a_layer_that_is_not_known_is_refused():
    inner = {"class_name": "Mine", "module": "mine", "config": {"name": "y"}}
    with pytest.raises(InputError, match=r"'mine.Mine' is not a Keras layer"):
        params("Addons>WeightNormalization", {"layer": inner, "data_init": False})


@pytest.mark.parametrize("config", [{}, {"units": 0}, {"units": 3, "nonsense": 1}])
def test_a_wrong_field_of_a_packages_class_is_an_error_with_its_name(config):
    with pytest.raises(InputError, match=r"units|nonsense"):
        params("Addons>CRF", config)


def test_a_spec_names_such_a_class_with_its_package():
    text = "{input: [8, 4], layers: [{tensorflow_addons.InstanceNormalization: {}}, {qkeras.QDense: 5}]}"
    summary = summarize(paramcalc.load(text.encode()))
    assert summary.totals.params == 8 + 25
    assert [row.type for row in summary.layers][-2:] == ["InstanceNormalization", "QDense"]


def test_what_is_converted_to_a_spec_is_the_same():
    text = convert(read("QDense", QDENSE), "spec")
    assert "qkeras.QDense" in text
    assert summarize(paramcalc.load(text.encode())).totals.params == 15


def test_no_module_of_a_package_is_loaded_for_other_files():
    code = (
        "import sys, paramcalc; paramcalc.load(b'{input: [8], layers: [Dense: 8]}'); "
        "print([name for name in sys.modules if name.startswith('paramcalc.layers.packages')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_line_of_the_table_names_a_class():
    for name, package in PACKAGES.items():
        for classes in package.classes.values():
            for cls in classes:
                found = loaded(package, cls)
                assert found is not None
                assert package_of(found) == name
                assert not package.bare or found.signs, cls
