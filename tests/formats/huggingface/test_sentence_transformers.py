"""A folder of sentence-transformers: its parts, and each part's own checkpoint."""

import json

import pytest

from paramcalc import InputError, load, summarize
from tests.formats.huggingface.test_folder import record_of, said, size, write

BERT = record_of("bert", "BertModel")
WIDTH = BERT["config"]["hidden_size"]
DENSE = {"linear.weight": ["F32", 7, WIDTH], "linear.bias": ["F32", 7]}


def module(number, path, kind):
    return {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}


PARTS = (
    module(0, "", "Transformer"),
    module(1, "1_Pooling", "Pooling"),
    module(2, "2_Dense", "Dense"),
    module(3, "3_Normalize", "Normalize"),
)


@pytest.fixture
def folder(tmp_path):
    """As SentenceTransformer.save writes it; the transformer's class in the file has a head that is not built."""
    config = BERT["config"] | {"architectures": ["BertForMaskedLM"]}
    write(tmp_path, config, BERT["tensors"])
    (tmp_path / "modules.json").write_text(json.dumps(PARTS))
    (tmp_path / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": WIDTH, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    write(tmp_path / "2_Dense", {"in_features": WIDTH, "out_features": 7, "bias": True}, DENSE)
    return tmp_path


def test_all_parts_are_the_model(folder):
    """The transformer without a head, and the layer behind it, under the names of the state_dict of the whole."""
    summary = summarize(load(folder))
    assert not summary.warnings
    assert summary.totals.params == summarize(load(json.dumps(BERT["config"]).encode())).totals.params + 7 * WIDTH + 7
    assert summary.totals.size_bytes == size(BERT["tensors"]) + size(DENSE)
    paths = [row.path for row in summary.layers]
    assert paths[0] == "0/auto_model/embeddings/word_embeddings"
    assert paths[-1] == "2/linear"
    assert summary.outputs[0].shape == (None, 7)


def test_a_part_that_is_not_what_its_configuration_says_is_named(folder):
    write(folder / "2_Dense", {"in_features": WIDTH, "out_features": 7}, DENSE | {"linear.weight": ["F32", 8, WIDTH]})
    (message,) = said(folder)
    assert message.startswith(f"weight '2.linear.weight' is (7, {WIDTH}) by its layer, but (8, {WIDTH})")
    (folder / "2_Dense" / "model.safetensors").unlink()
    assert [message.split("'")[1] for message in said(folder)] == ["2.linear.weight", "2.linear.bias"]


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([module(0, "", "CLIPModel")], "the first part is 'CLIPModel'; a Transformer is read"),
        ([*PARTS[:2], module(2, "2_CNN", "CNN")], "a part of the class 'CNN' is not known"),
        ([*PARTS[:2], module(2, "../x", "Dense")], "is no plain name of a folder beside it"),
        ([*PARTS[:2], module(2, "/etc", "Dense")], "is no plain name of a folder beside it"),
    ],
)
def test_what_is_not_read_is_named(folder, parts, error):
    (folder / "modules.json").write_text(json.dumps(parts))
    (folder / "2_CNN").mkdir()
    (folder / "2_CNN" / "config.json").write_text("{}")
    with pytest.raises(InputError, match=error):
        load(folder)


def test_the_files_that_name_parts_are_named():
    with pytest.raises(InputError, match=r"the modules.json of sentence-transformers"):
        load(json.dumps(PARTS).encode())
    pipeline = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.6.0",
        "scheduler": ["diffusers", "PNDM"],
    }
    with pytest.raises(InputError, match="a pipeline of diffusers"):
        load(json.dumps(pipeline).encode())
