"""`load`: from a path, standard input or bytes to the right reader, without anything it does not need."""

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import paramcalc
from paramcalc import InputError, formats
from paramcalc.analysis.summarize import summarize
from paramcalc.formats import FORMATS, Format
from paramcalc.formats import source as sources
from paramcalc.formats.archive import open_archive
from paramcalc.formats.unsupported import identify_archive, identify_bytes, identify_value
from paramcalc.limits import MAX_ARCHIVE_ENTRIES
from paramcalc.model import Model
from tests.each import each

SPEC = b"input: [4]\nlayers:\n  - Dense: 3\n"
KERAS = (
    b'{"class_name": "Sequential", "config": [{"class_name": "Dense", "config":'
    b' {"name": "d", "units": 3, "batch_input_shape": [null, 4]}}]}'
)


def error(source, **options):
    with pytest.raises(InputError) as caught:
        paramcalc.load(source, **options)
    return str(caught.value)


def params(source, **options):
    return summarize(paramcalc.load(source, **options)).totals.params


def zipped(*entries, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as written:
        for name, content in entries:
            written.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("content", [SPEC, KERAS, zipped(("config.json", KERAS))])
def test_a_path_bytes_and_standard_input_give_the_same(content, tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(content)
    assert params(content) == params(path) == params(str(path)) == 15
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert params("-") == 15
    assert not sys.stdin.closed


def test_a_spec_that_is_no_file_is_named_model():
    """`convert -` would write `name: "<stdin>"`, which nobody chose."""
    for name in ("<stdin>", None):
        assert paramcalc.load(b"{input: [3], layers: [Dense: 3]}", name=name).name == "model"
    assert paramcalc.load(b"{input: [3], layers: [Dense: 3]}", name="nets/tiny.yaml").name == "tiny"


def test_a_model_is_called_what_it_was_loaded_from_unless_a_name_is_given(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes(SPEC)
    assert paramcalc.load(path).source == str(path)
    assert paramcalc.load(path, name="other").source == "other"


def test_a_missing_file_is_told(tmp_path):
    assert error(tmp_path / "none") == f"{tmp_path / 'none'}: there is no such file"


def test_a_missing_file_is_told_with_the_nearest(tmp_path):
    (tmp_path / "net.yaml").write_bytes(SPEC)
    assert error(tmp_path / "net.yml").endswith(f"there is no such file; did you mean '{tmp_path / 'net.yaml'}'?")


@pytest.mark.parametrize("name", ["https://example.com/config.json", "meta-llama/Llama-3.1-8B", "google/vit"])
def test_an_address_is_not_fetched(name, tmp_path, monkeypatch):
    """Nor is the name of a model on a hub; the error says what to do."""
    monkeypatch.chdir(tmp_path)
    assert error(name).endswith("paramcalc fetches nothing: download the model's config.json, and name that")
    assert error("models/net.yaml") == "models/net.yaml: there is no such file"


@pytest.mark.parametrize("head", [b"\x08\x07\x12\x07pytorch", b"\x08\x04\x12\x02\n\0", b"\x1c\0\0\0TFL3"])
def test_what_was_compiled_for_a_runtime_is_refused_with_what_to_save_instead(head):
    """ONNX, Core ML, TensorFlow Lite: the model that it was made from can be read."""
    what = identify_bytes(head)
    assert "torch.export.save" in what
    assert "model.save" in what


def test_a_directory_is_no_file(tmp_path):
    assert "is a directory" in error(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe; give its content on standard input" in error(tmp_path / "pipe")


def test_a_device_is_not_read():
    assert "is a device" in error("/dev/zero")


def test_a_loop_of_links_is_told(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "too many levels of symbolic links" in error(tmp_path / "a")


def test_a_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "a").write_bytes(SPEC)
    (tmp_path / "b").symlink_to("a")
    assert params(tmp_path / "b") == 15


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(tmp_path):
    (tmp_path / "a").write_bytes(SPEC)
    (tmp_path / "a").chmod(0)
    assert "permission denied" in error(tmp_path / "a")


@pytest.mark.parametrize("given", ["64 MiB", "-1", "1e3", "9" * 9, "x\x1b[31m"])
def test_a_size_that_is_none_is_told_where_it_would_have_helped(monkeypatch, given):
    monkeypatch.setenv("PARAMCALC_MAX_MIB", given)
    assert f"to allow more: '{given}' is no number of MiB" in error(b"a: " + b" " * 2**24)


def test_a_link_that_leads_nowhere_is_told_from_a_name_misspelt(tmp_path):
    (tmp_path / "a").symlink_to("gone")
    assert error(tmp_path / "a").endswith("is a link that leads nowhere")
    assert error("").startswith("'': ")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_what_cannot_be_a_name_is_told(name):
    error(name)


def test_a_large_archive_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("PARAMCALC_MAX_MIB", "1")
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as written:
        written.writestr("config.json", KERAS)
        written.writestr("model.weights.h5", bytes(3 * 2**20))
    assert params(path) == 15
    assert "larger than 1 MiB" in error(path.read_bytes())


@pytest.mark.parametrize(
    "config", [b"input: [4]\nlayers:\n" + b"- Dense: 3\n" * 250_000, b"{layers: [" + b"a," * 10**6 + b"]}"]
)
def test_an_archive_holds_json_and_no_yaml(config):
    """A few kB of it took six seconds; Keras reads none."""
    start = time.process_time()
    assert ":1:" in error(data := zipped(("config.json", config)))
    assert (len(data) < 20_000, time.process_time() - start < 1) == (True, True)


def test_the_entries_limit_holds_from_both_sides():
    entries = [(str(number), "") for number in range(MAX_ARCHIVE_ENTRIES - 1)]
    assert params(zipped(*entries, ("config.json", KERAS))) == 15
    assert "1,025 entries" in error(zipped(*entries, ("one more", ""), ("config.json", KERAS)))


def test_the_directory_limit_holds():
    entries = [(f"{number}" * 200, "") for number in range(1000, MAX_ARCHIVE_ENTRIES + 900)]
    assert params(zipped(*entries[:100], ("config.json", KERAS))) == 15
    long = [(f"{number}" + "x" * 60_000, "") for number in range(20)]
    assert "table of contents" in error(zipped(*long, ("config.json", KERAS)))


def test_an_entry_up_to_the_limit_is_read(monkeypatch):
    monkeypatch.setenv("PARAMCALC_MAX_MIB", "1")
    padded = KERAS + b" " * (2**20 - len(KERAS))
    with open_archive(io.BytesIO(zipped(("config.json", padded))), "f", 2**20, 10) as archive:
        assert archive.read("config.json", 2**20) == padded
    assert "config.json is larger than 1 MiB" in error(zipped(("config.json", padded + b" ")))


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x80\x04\x95", "Python pickle"),
        (b"\x08\x07\x12\x07pytorch", "ONNX"),
        (b"\x08\x01\x12\xd2\x9c\x05\n", "a SavedModel"),
        (b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\0" * 257 + b"ustar", "tar archive"),
    ],
)
def test_foreign_files_are_called_by_their_name(head, what):
    assert what in identify_bytes(head)


@pytest.mark.parametrize(
    "head", [b"", b"{", b"a: 1", b"input: [4]", b"\xef\xbb\xbfa", b"\xff\xfea\0", b"version: 1", b"<<: 1"]
)
def test_text_is_taken_for_text(head):
    assert identify_bytes(head) is None


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["a/saved_model.pb"], "SavedModel"),
        (["[Content_Types].xml"], "office"),
        ([], "without a config.json"),
    ],
)
def test_foreign_archives_are_called_by_their_name(names, what):
    assert what in identify_archive(names)


MODEL = {"class_name": "Sequential", "config": []}


@each(
    "value, what",
    [
        ([MODEL, MODEL], "a list of 2 Keras models"),
        ({"encoder": MODEL, "decoder": json.dumps(MODEL)}, "2 Keras models, under 'encoder', 'decoder'"),
        ({"layers": [{"name": "Dense", "custom_name": "dense"}], "name": "Sequential"}, "Keras 0"),
        ({"sizes": [2, 1], "layers": [{}]}, "brain.js"),
        ({"loss": [0.5], "val_loss": [0.6]}, "history of a training"),
        ({"nodes": [], "arg_nodes": [], "heads": [[0, 0, 0]]}, "MXNet symbol"),
        ({"layers": [784, 30, 10], "weights": [[1]]}, "these are 3 numbers"),
        (
            {"layers": [{"layer_type": "fc", "out_sx": 1}, {"out_sx": 1, "w": [1]}]},
            "these have 'layer_type', 'out_sx', 'w'",
        ),
        (
            {"type": "mlp", "layers": [{"W": [[1]], "b": [1], "activation": "relu"}]},
            "these have 'W', 'b', 'activation'",
        ),
        ({"tfjsVersion": "1.3.1", "labels": ["a"]}, "Teachable Machine"),
        ({"units": 128, "name": "x"}, "here are only 'units', 'name'"),
        (dict.fromkeys("abcdef"), "here are only 'a', 'b', 'c', 'd' and 2 more"),
    ],
)
def test_values_without_an_architecture_are_called_by_their_name(value, what):
    assert what in identify_value(value)


@pytest.mark.parametrize("value", [{"input": [4], "layers": []}, {"layers": [], "repos": []}, {}, {"name": "x"}])
def test_specs_are_taken_for_nothing_else(value):
    assert identify_value(value) is None


def loaded(content: bytes, suffix: str, folder: Path) -> set[str]:
    path = folder / f"model{suffix}"
    path.write_bytes(content)
    code = f"import sys, paramcalc; paramcalc.load({str(path)!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_only_what_a_format_needs_is_imported(tmp_path):
    json_modules = loaded(KERAS, ".json", tmp_path)
    assert not json_modules & {
        "yaml",
        "zipfile",
        "h5py",
        "difflib",
        "paramcalc.formats.native",
        "paramcalc.formats.unsupported",
    }
    yaml_modules = loaded(SPEC, ".yaml", tmp_path)
    assert not yaml_modules & {"zipfile", "h5py", "difflib", "paramcalc.formats.keras", "paramcalc.formats.text.locate"}
    assert "yaml" not in loaded(zipped(("config.json", KERAS)), ".keras", tmp_path)


def test_hdf5_files_are_read_by_their_one_attribute(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = KERAS.decode()
        file.attrs["keras_version"] = "2.4.0"
    assert params(path) == 15
    assert params(path.read_bytes()) == 15


def test_every_line_of_the_table_names_a_function():
    for form in FORMATS:
        module, _, function = form.reader.rpartition(".")
        assert callable(getattr(import_module(f"paramcalc.formats.{module}"), function)), form.reader


def test_a_format_is_a_module_and_a_line(monkeypatch, tmp_path):
    """Also of a folder: its line asks for the names in it."""
    module = ModuleType("paramcalc.formats.toy")
    module.read = lambda source, options: Model("toy", "toy", source.name, [], [], [])
    monkeypatch.setitem(sys.modules, "paramcalc.formats.toy", module)
    toys = (Format(lambda source: "toy.bin" in source.folder, "toy.read"), Format(formats.begins(b"TOY"), "toy.read"))
    monkeypatch.setattr(formats, "FORMATS", (*toys, *FORMATS))
    (tmp_path / "toy.bin").write_bytes(b"TOY")
    assert [paramcalc.load(source).format for source in (tmp_path, tmp_path / "toy.bin", b"TOY")] == ["toy"] * 3
    assert paramcalc.load(SPEC).format == "paramcalc"


def test_a_binary_file_is_known_by_its_first_bytes(tmp_path, monkeypatch):
    """A checkpoint of 100 GB costs what its header does: nothing reads on before its format is known."""
    read = []
    monkeypatch.setattr(formats, "FORMATS", (Format(formats.begins(b"TOY"), "toy.read"),))
    monkeypatch.setattr(Format, "read", lambda self, source, options: read.append(source.file.tell()) or "model")
    (tmp_path / "large").write_bytes(b"TOY")
    os.truncate(tmp_path / "large", 2**36)
    assert paramcalc.load(tmp_path / "large") == "model"
    assert read == [512]


def test_a_folder_of_too_many_files_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(formats, "FORMATS", (Format(lambda source: bool(source.folder), ""),))
    monkeypatch.setattr(sources, "MAX_FOLDER_FILES", 2)
    for name in "abc":
        (tmp_path / name).touch()
    assert "a folder of more than 2 files" in error(tmp_path)


def test_an_archive_of_too_many_entries_is_refused_before_it_is_known_what_it_is(monkeypatch):
    monkeypatch.setattr(sources, "MAX_ANY_ENTRIES", 2)
    assert "the archive has 3 entries, the limit is 2" in error(zipped(("a", b""), ("b", b""), ("c", b"")))
    monkeypatch.setattr(sources, "MAX_ANY_DIRECTORY", 50)
    assert "table of contents is larger than 50 bytes" in error(zipped(("a" * 60, b"")))


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"_class_name": "UNet2DModel", "_diffusers_version": "0.30"}, "a configuration of diffusers"),
        ({"peft_type": "LORA", "r": 8}, "the adapter's base is not beside it"),
        ({"image_processor_type": "ViTImageProcessor"}, "the configuration of a preprocessor"),
        ({"do_resize": True, "image_mean": [0.5]}, "the configuration of a preprocessor"),
        ({"tokenizer_class": "LlamaTokenizer"}, "the configuration of a tokenizer"),
        ({"word_embedding_dimension": 384}, "a pooling of sentence-transformers"),
        ({"bos_token_id": 1, "eos_token_id": 2, "transformers_version": "4.40"}, "a generation_config.json"),
    ],
)
def test_what_stands_beside_a_config_json_is_named_for_what_it_is(value, what):
    assert what in error(json.dumps(value).encode())
