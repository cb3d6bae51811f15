"""A config.json and the GGUF file of what reads images and sound: llama.cpp's names are held against transformers'.

The names and shapes are what llama.cpp's converter writes: tests/oracle/freeze_gguf.py made the records.
"""

import gzip
import json
from itertools import groupby
from math import prod
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from tests.formats.gguf_files import file_of, write_file
from tests.formats.huggingface.test_gguf import BY_TYPE as TEXTS

DATA = Path(__file__).parents[2] / "data" / "huggingface_mmproj.jsonl.gz"
RECORDS = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()]
BY_TYPE = {name: list(found) for name, found in groupby(RECORDS, lambda record: record["config"]["model_type"])}
PROJECTOR = {"general.type": "mmproj", "general.architecture": "clip"}


def write(folder, record, **files):
    """A folder with the record's config.json and GGUF files: name → (tensors, metadata)."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(record["config"]))
    for name, (tensors, values) in files.items():
        write_file(folder / f"{name}.gguf", tensors, values)
    return folder


def said(path, **options):
    return summarize(load(path, **options)).contradictions or []


@pytest.mark.parametrize("type_", BY_TYPE)
def test_a_configuration_agrees_with_what_is_converted_of_its_encoders(tmp_path, type_):
    for number, record in enumerate(BY_TYPE[type_]):
        folder = write(tmp_path / str(number), record, mmproj=(record["tensors"], PROJECTOR))
        summary = summarize(load(folder / "config.json", weights=folder / "mmproj.gguf"))
        assert not summary.warnings, record["config"]
        assert not summary.contradictions, record["config"]


@pytest.mark.parametrize("type_", BY_TYPE)
def test_a_tensor_that_such_a_file_lacks_is_seen(tmp_path, type_):
    record = BY_TYPE[type_][0]
    lost = next(name for name in record["tensors"] if name.endswith(("blk.0.ffn_down.weight", "blk.0.ffn_up.weight")))
    tensors = {name: shape for name, shape in record["tensors"].items() if name != lost}
    folder = write(tmp_path, record, mmproj=(tensors, PROJECTOR))
    assert any("is not in the checkpoint" in message for message in said(folder)), lost


BOTH = {
    type_: (text, record)
    for type_, records in BY_TYPE.items()
    for record in records
    for text in TEXTS.get(type_, ())
    if text["config"] == record["config"]
}
"""Types with a record of both files for one configuration."""


def files_of(type_):
    """The text model and the projector, as tensors and metadata."""
    text, record = BOTH[type_]
    model = {"general.type": "model", "general.architecture": text["architecture"]}
    return {"net": (text["tensors"], model), "mmproj-net": (record["tensors"], PROJECTOR)}


@pytest.mark.parametrize("type_", BOTH)
def test_in_a_folder_both_files_are_the_model(tmp_path, type_):
    files = files_of(type_)
    summary = summarize(load(write(tmp_path, BOTH[type_][1], **files)))
    assert not summary.warnings
    assert not summary.contradictions


def test_a_projector_that_lacks_a_tensor_is_seen_beside_its_model(tmp_path):
    files = files_of("glm_ocr")
    tensors = dict(files["mmproj-net"][0])
    del tensors["v.blk.0.ln1.weight"]
    folder = write(tmp_path, BOTH["glm_ocr"][1], **files | {"mmproj-net": (tensors, PROJECTOR)})
    (message,) = said(folder)
    assert message.startswith("weight 'model.visual.blocks.0.norm1.weight'")


def test_a_model_without_its_projector_is_whole(tmp_path):
    files = files_of("glm_ocr")
    del files["mmproj-net"]
    assert said(write(tmp_path, BOTH["glm_ocr"][1], **files)) == []


def test_a_projector_of_a_type_that_is_not_known_is_not_compared(tmp_path):
    """The text is, all the same; a projector that the user names is refused."""
    (record,) = TEXTS["llama"][:1]
    model = {"general.type": "model", "general.architecture": "llama"}
    folder = write(tmp_path, record, net=(record["tensors"], model), mmproj=({"v.a.weight": [4]}, PROJECTOR))
    summary = summarize(load(folder))
    said = "how llama.cpp names what reads images and sound for 'llama' is not known"
    assert summary.warnings == [f"the projector was not compared: {said}"]
    assert not summary.contradictions
    with pytest.raises(InputError, match="reads images and sound for 'llama' is not known: --weights cannot"):
        load(folder / "config.json", weights=folder / "mmproj.gguf")


LLAMA = {"general.type": "model", "general.architecture": "llama"}
NET = ({"blk.0.attn_q.weight": ([2, 32], "Q4_0")}, LLAMA)
VISION = ({"v.blk.0.attn_q.weight": [4, 4]}, PROJECTOR)


def folder_of(folder, **files):
    for name, (tensors, values) in files.items():
        write_file(folder / f"{name}.gguf", tensors, values)
    return folder


def test_without_a_configuration_both_files_are_counted(tmp_path):
    summary = summarize(load(folder_of(tmp_path, net=NET, mmproj=VISION)))
    assert summary.totals.params == 64 + 16
    assert [layer.path for layer in summary.layers] == ["blk/0/attn_q", "v/blk/0/attn_q"]
    assert (summary.details["projector"], summary.details["tensors"]) == ("mmproj.gguf", 2)
    assert summary.details["bits_per_weight"] == 4.5
    assert not summary.warnings


def test_of_several_projectors_none_is_counted(tmp_path):
    summary = summarize(load(folder_of(tmp_path, net=NET, mmproj_a=VISION, mmproj_b=VISION)))
    assert summary.totals.params == 64
    kind = "(multimodal projector)"
    assert summary.warnings == [f"not counted: mmproj_a.gguf {kind}, mmproj_b.gguf {kind}"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"general.type": "imatrix"}, "importance matrix"),
        ({"general.type": "adapter", "adapter.type": "lora"}, "LoRA adapter"),
        ({"general.architecture": "controlvector"}, "control vector"),
    ],
)
def test_what_is_no_model_is_named_and_not_counted(tmp_path, values, kind):
    summary = summarize(load(folder_of(tmp_path, net=NET, other=({"a.weight": [4]}, values))))
    assert summary.totals.params == 64
    assert summary.warnings == [f"not counted: other.gguf ({kind})"]


def test_two_models_are_still_two(tmp_path):
    with pytest.raises(InputError, match=r"the folder holds 2 checkpoints: name one of a\.gguf, b\.gguf$"):
        load(folder_of(tmp_path, a=NET, b=NET, mmproj=VISION))


def test_two_files_that_are_no_model_are_still_two(tmp_path):
    with pytest.raises(InputError, match="the folder holds 2 checkpoints"):
        load(folder_of(tmp_path, a=VISION, b=VISION))


def test_a_broken_file_beside_a_model_is_one_more(tmp_path):
    folder = folder_of(tmp_path, a=NET)
    (folder / "b.gguf").write_bytes(b"GGUF\3\0\0\0")
    with pytest.raises(InputError, match=r"name one of a\.gguf, b\.gguf$"):
        load(folder)


def test_parts_of_a_model_stand_beside_its_projector(tmp_path):
    for number, name in enumerate("ab"):
        values = LLAMA | {"split.no": number, "split.count": 2, "split.tensors.count": 2}
        data = file_of({f"{name}.weight": [4]}, values if number == 0 else {"split.no": 1, "split.count": 2})
        (tmp_path / f"net-0000{number + 1}-of-00002.gguf").write_bytes(data)
    assert summarize(load(folder_of(tmp_path, mmproj=VISION))).totals.params == 8 + 16


def test_what_is_no_model_is_no_checkpoint_of_a_configuration(tmp_path):
    record = TEXTS["llama"][0]
    folder = write(tmp_path, record, matrix=({"a.weight.in_sum2": [4]}, {"general.type": "imatrix"}))
    with pytest.raises(InputError, match=r"what stands beside one \(importance matrix\): --weights cannot"):
        load(folder / "config.json", weights=folder / "matrix.gguf")


def test_all_parameters_of_the_projector_are_those_of_its_tensors(tmp_path):
    record = BY_TYPE["glm_ocr"][0]
    path = folder_of(tmp_path, mmproj=(record["tensors"], PROJECTOR)) / "mmproj.gguf"
    assert summarize(load(path)).totals.params == sum(map(prod, record["tensors"].values()))
