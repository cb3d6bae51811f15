"""Each template against what transformers built: tests/oracle/freeze_huggingface.py made the records."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from paramcalc import InputError, load, summarize
from paramcalc.formats.huggingface.template import index
from paramcalc.formats.huggingface.types import FOLDER, find_type, lines

DATA = Path(__file__).parents[2] / "data" / "huggingface"
FAMILIES = Path(FOLDER) / "families"
TEMPLATES = sorted(path.stem for path in FAMILIES.glob("*.yaml"))


def records(template):
    return [json.loads(line) for line in (DATA / f"{template}.jsonl").read_text().splitlines()]


def shapes(summary):
    """Name → shape of every parameter, as `named_parameters()` has them."""
    return {
        ".".join(filter(None, (row.path.replace("/", "."), weight.name))): weight.shape
        for row in summary.layers
        if row.shared_with is None
        for weight in row.weights
        if weight.kind != "buffer"
    }


def digest(found):
    lines = sorted(f"{name} {'x'.join(map(str, shape))}" for name, shape in found.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@pytest.mark.parametrize("template", TEMPLATES)
def test_parameters_are_those_that_transformers_builds(template):
    """Total, names and shapes of every record; the message has the configurations that differ."""
    wrong = []
    for record in records(template):
        summary = summarize(load(json.dumps(record["config"]).encode()))
        found = shapes(summary)
        if summary.totals.params != record["total"] or digest(found) != record["digest"]:
            wrong.append((summary.totals.params, record["total"], json.dumps(record["config"])))
    assert not wrong, f"{len(wrong)} differ, such as {wrong[0]}"


def test_every_type_is_in_the_index_has_records_and_is_one_of_transformers():
    found = {}
    for template in TEMPLATES:
        text = (FAMILIES / f"{template}.yaml").read_text()
        types = set(yaml.load(text, Loader=yaml.CSafeLoader)["types"])
        found |= dict.fromkeys(types, template)
        assert {record["config"]["model_type"] for record in records(template)} == types
        assert all(map(find_type, types)), template
    assert index() == dict(sorted(found.items()))


def test_every_line_of_the_types_is_json_without_constants_of_its_own():
    """A type's default that is infinite would end in a bug when that type is looked up."""
    for line in lines().splitlines()[1:]:
        assert json.loads(line, parse_constant=pytest.fail)["type"]


def test_bloom_takes_the_older_name_of_its_width():
    """The files of BLOOM's authors say n_embed, which stands before hidden_size."""
    config = {"model_type": "bloom", "n_embed": 32, "n_layer": 1, "n_head": 4, "vocab_size": 10}
    summary = summarize(load(json.dumps(config).encode()))
    layer = 4 * 32 + 4 * 32 * 32 + 4 * 32 + 8 * 32 * 32 + 5 * 32  # norms, attention, feed-forward network
    assert summary.totals.params == 10 * 32 + 2 * 32 + layer + 2 * 32


LLAMA = {"model_type": "llama", "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1, "vocab_size": 10}


@pytest.mark.parametrize(
    ("said", "dtype", "bytes_each"),
    [
        ({"torch_dtype": "bfloat16"}, "bfloat16", 2),
        ({"dtype": "float16"}, "float16", 2),
        ({"dtype": "float32", "torch_dtype": "float16"}, "float32", 4),
        ({"torch_dtype": "torch.float16"}, "float16", 2),
        ({"torch_dtype": None}, "float32", 4),
        ({"torch_dtype": "auto"}, "float32", 4),
    ],
)
def test_the_size_is_that_of_the_type_that_the_file_says(said, dtype, bytes_each):
    summary = summarize(load(json.dumps(LLAMA | said).encode()))
    assert {weight.dtype for row in summary.layers for weight in row.weights} == {dtype}
    assert summary.totals.size_bytes == bytes_each * summary.totals.params


TOWER = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 8}
CLIP = {
    "model_type": "clip",
    "text_config": TOWER | {"vocab_size": 10, "max_position_embeddings": 4},
    "vision_config": TOWER | {"image_size": 8, "patch_size": 4},
}


def test_a_part_of_a_model_is_what_it_is_alone():
    """CLIP's two encoders, and what it adds itself: two projections and a temperature."""
    whole = summarize(load(json.dumps(CLIP).encode())).totals.params
    halves = [
        CLIP["text_config"] | {"model_type": "clip_text_model"},
        CLIP["vision_config"] | {"model_type": "clip_vision_model"},
    ]
    assert whole == sum(summarize(load(json.dumps(half).encode())).totals.params for half in halves) + 2 * 16 * 512 + 1


def test_a_mistake_in_a_part_has_its_place_there():
    text = json.dumps(CLIP | {"vision_config": {"hidden_size": "wide"}}, indent=0)
    with pytest.raises(InputError, match=r":12:1: hidden_size: expected an integer, got 'wide'"):
        load(text.encode())


def test_a_t5_whose_head_is_its_own_has_one():
    """transformers ties it all the same, but the checkpoints of T5 1.1, FLAN-T5 and mT5 hold one."""
    config = {"model_type": "t5", "d_model": 8, "vocab_size": 10, "architectures": ["T5ForConditionalGeneration"]}
    tied, free = (
        summarize(load(json.dumps(config | {"tie_word_embeddings": said}).encode())) for said in (True, False)
    )
    assert free.totals.params == tied.totals.params + 80


@pytest.mark.parametrize(("said", "matrices"), [(None, 0), ("c2p", 1), ("p2c|c2p", 2), (["c2p", "p2c"], 2)])
def test_deberta_says_what_it_attends_to_as_a_text_or_a_list(said, matrices):
    """Each kind of attention to distances has a matrix of its own for each layer."""
    base = {"model_type": "deberta-v2", "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
    config = base | {"intermediate_size": 8, "vocab_size": 10, "relative_attention": True, "pos_att_type": said}
    summary = summarize(load(json.dumps(config).encode()))
    assert sum("pos_" in row.path for row in summary.layers if row.params) == matrices


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "t5", "feed_forward_proj": "gated-none"}, "feed_forward_proj gated-none is not known here"),
        ({"model_type": "albert", "num_hidden_groups": 0}, "there must be a group of layers at least"),
        ({"model_type": "deberta-v2", "pos_att_type": "p2p"}, "pos_att_type p2p is not known here"),
        ({"model_type": "llava", "text_config": {"model_type": "t5"}}, "block 'text' takes 2 inputs"),
        ({"model_type": "vision-encoder-decoder", "encoder": {"model_type": "vitx"}}, "model_type 'vitx' is not known"),
        ({"model_type": "timm_wrapper"}, "'timm_wrapper' is built by the package timm"),
        (
            {"model_type": "groupvit", "output_segmentation": True},
            "output_segmentation is not known here yet",
        ),
        ({"model_type": "bit", "global_padding": "VALID"}, "what is added has other sizes"),
    ],
)
def test_what_is_not_known_is_refused_by_name(config, message):
    with pytest.raises(InputError, match=message):
        summarize(load(json.dumps(config).encode()))


def test_a_configuration_whose_layers_are_a_number_is_no_spec():
    """KOSMOS-2 calls the number of its layers so."""
    config = {"model_type": "kosmos_2_text_model", "layers": 2, "embed_dim": 16, "ffn_dim": 8, "attention_heads": 2}
    summary = summarize(load(json.dumps(config | {"vocab_size": 10}).encode()))
    attention, norms = 4 * (16 * 16 + 16), 2 * (3 * 16 + 8)
    feed_forward = 8 * 16 + 8 + 16 * 8 + 16
    assert summary.totals.params == 10 * 16 + 2 * (attention + norms + feed_forward) + 2 * 16


def test_a_configuration_without_a_class_is_refused_by_name():
    """Nougat's is of an encoder and a decoder, which vision-encoder-decoder builds."""
    with pytest.raises(InputError, match="'nougat' is a configuration without a class"):
        load(b'{"model_type": "nougat"}')


OWL = [("owlvit_text_model", "OwlViTText"), ("owlv2_text_model", "Owlv2Text")]
OWL += [("owlvit_vision_model", "OwlViTVision"), ("owlv2_vision_model", "Owlv2Vision")]


@pytest.mark.parametrize(("type_", "name"), OWL)
def test_the_transformer_of_a_model_is_not_in_a_module_of_it(type_, name):
    """`OwlViTTextModel` has one as its `text_model`; `OwlViTTextTransformer` is that itself."""
    model, inner = (
        {
            row.path
            for row in summarize(load(json.dumps({"model_type": type_, "architectures": [each]}).encode())).layers
        }
        for each in (f"{name}Model", f"{name}Transformer")
    )
    part = "text_model/" if "Text" in name else "vision_model/"
    assert {path.removeprefix(part) for path in model} == inner
    assert not any(path.startswith(part) for path in inner)
