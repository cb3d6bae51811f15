"""A folder with a config.json and a checkpoint: the one is held against the other.

The checkpoints are what transformers writes: tests/oracle/freeze_huggingface_checkpoints.py made the records.
"""

import gzip
import json
from collections import defaultdict
from itertools import groupby
from math import prod
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.check.budgets import parse_budget
from paramcalc.check.gate import check_file
from paramcalc.cli import run
from paramcalc.formats.huggingface.template import index

DATA = Path(__file__).parents[2] / "data" / "huggingface_checkpoints.jsonl.gz"
RECORDS = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()]
BY_TYPE = {name: list(found) for name, found in groupby(RECORDS, lambda record: record["config"]["model_type"])}
BY_TEMPLATE = defaultdict(list)
for type_, found in BY_TYPE.items():
    BY_TEMPLATE[index()[type_]].append(found[0])
BYTES = {
    "F64": 8,
    "F32": 4,
    "BF16": 2,
    "F16": 2,
    "F8_E4M3": 1,
    "I64": 8,
    "I32": 4,
    "I8": 1,
    "U8": 1,
    "U32": 4,
    "BOOL": 1,
}


def write(folder, config, tensors, name="model.safetensors"):
    """A folder as transformers has it, of weights that are all holes."""
    folder.mkdir(exist_ok=True)
    header, at = {}, 0
    for tensor, (dtype, *shape) in tensors.items():
        size = BYTES[dtype] * prod(shape)
        header[tensor] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(folder / name, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + at)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def size(tensors):
    return sum(BYTES[dtype] * prod(shape) for dtype, *shape in tensors.values())


def record_of(type_, head):
    return next(r for r in BY_TYPE[type_] if r["config"]["architectures"][0].endswith(head))


LLAMA = record_of("llama", "ForCausalLM")
BERT = record_of("bert", "ForMaskedLM")
MIXTRAL = record_of("mixtral", "ForCausalLM")


def said(folder, **options):
    return summarize(load(folder, **options)).contradictions or []


@pytest.mark.parametrize("type_", BY_TYPE)
@pytest.mark.slow
def test_a_folder_of_any_head_agrees_with_what_transformers_saves(tmp_path, type_):
    for record in BY_TYPE[type_]:
        agrees(record, tmp_path)


@pytest.mark.parametrize("template", BY_TEMPLATE)
def test_a_folder_agrees_with_what_transformers_saves(tmp_path, template):
    """Names after fusing and renaming, shapes, tied weights, buffers, and the bytes of all; one of each type."""
    for record in BY_TEMPLATE[template]:
        agrees(record, tmp_path)


def agrees(record, folder):
    """Hold a configuration against the checkpoint of its model."""
    summary = summarize(load(write(folder / "saved", record["config"], record["tensors"])))
    assert not summary.warnings, record["config"]
    tensors = record["tensors"]
    if record["config"]["model_type"] == "mra":  # which saves positions that are in no layer
        tensors = {name: entry for name, entry in tensors.items() if not name.endswith(".position_ids")}
    assert summary.totals.size_bytes == size(tensors)


def test_a_weight_that_is_missing_extra_or_of_another_shape_is_named(tmp_path):
    tensors = dict(LLAMA["tensors"])
    del tensors["model.norm.weight"]
    dtype, rows, columns = tensors["model.embed_tokens.weight"]
    tensors["model.embed_tokens.weight"] = [dtype, rows + 1, columns]
    tensors["model.layers.0.self_attn.q_norm.weight"] = ["BF16", 8]
    found = said(write(tmp_path, LLAMA["config"], tensors))
    assert found == [
        f"weight 'model.embed_tokens.weight' is ({rows}, {columns}) by its layer, "
        f"but ({rows + 1}, {columns}) in the checkpoint",
        "tensor 'model.layers.0.self_attn.q_norm.weight' (8,) in the checkpoint belongs to no layer",
        f"weight 'model.norm.weight' ({columns},) is not in the checkpoint",
    ]


def test_a_folder_that_contradicts_itself_cannot_be_judged(tmp_path, capsys):
    tensors = {name: entry for name, entry in LLAMA["tensors"].items() if name != "model.norm.weight"}
    write(tmp_path, LLAMA["config"], tensors)
    assert check_file(str(tmp_path), [parse_budget({"params": "1G"})]).status == "broken"
    assert run(["check", str(tmp_path), "--max-params", "1B"]) == 2
    assert "'model.norm.weight'" in capsys.readouterr().out
    assert run(["summary", str(tmp_path)]) == 0
    assert "warning: weight 'model.norm.weight'" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--context", "16"], ["--batch-size", "2"], ["--dtype", "int8"]])
@pytest.mark.parametrize("command", [["check", "--max-params", "1B"], ["fit", "--memory", "1GiB"]])
def test_a_wrong_checkpoint_is_refused_whatever_is_asked_of_it(tmp_path, capsys, command, options):
    """Also for a length of texts, which the configuration leaves open: it changes no weight."""
    tensors = {name: entry for name, entry in LLAMA["tensors"].items() if name != "model.norm.weight"}
    folder = write(tmp_path / "wrong", None, tensors)
    config = write(tmp_path / "right", LLAMA["config"], LLAMA["tensors"]) / "config.json"
    name, *rest = command
    assert run([name, str(config), *rest, *options, "--weights", str(folder)]) == 2
    assert "weight 'model.norm.weight'" in "".join(capsys.readouterr())
    assert run([name, str(config), *rest, *options, "--weights", str(config.parent)]) == 0


def test_a_budget_for_a_context_judges_no_wrong_checkpoint(tmp_path):
    tensors = {name: entry for name, entry in LLAMA["tensors"].items() if name != "model.norm.weight"}
    folder = str(write(tmp_path, LLAMA["config"], tensors))
    assert check_file(folder, [parse_budget({"macs": "1T", "context": 16})]).status == "broken"


def test_the_message_names_a_tensor_as_the_checkpoint_does(tmp_path):
    """After renaming, the architecture's name is not in the file."""
    record = record_of("mistral3", "ForConditionalGeneration")
    tensors = dict(record["tensors"])
    name = next(name for name in tensors if name.endswith("lm_head.weight"))
    dtype, rows, columns = tensors[name]
    tensors[name] = [dtype, rows + 1, columns]
    [message] = said(write(tmp_path, record["config"], tensors))
    assert message.endswith(f"({rows + 1}, {columns}) in the checkpoint ('{name}')")


def test_a_folder_that_agrees_is_judged(tmp_path):
    write(tmp_path, LLAMA["config"], LLAMA["tensors"])
    assert check_file(str(tmp_path), [parse_budget({"params": "1G"})]).status == "passed"


def test_the_size_is_that_of_the_checkpoint(tmp_path):
    """The configuration may say another type than that of the weights, and each weight may have its own."""
    tensors = {name: ["F32" if "norm" in name else dtype, *shape] for name, (dtype, *shape) in LLAMA["tensors"].items()}
    summary = summarize(load(write(tmp_path, LLAMA["config"] | {"torch_dtype": "float16"}, tensors)))
    assert not summary.contradictions
    assert summary.totals.size_bytes == size(tensors)
    assert {weight.dtype for row in summary.layers for weight in row.weights} == {"bfloat16", "float32"}


def test_a_base_model_takes_its_part_of_a_checkpoint_with_a_head(tmp_path):
    """The prefix of the base model is removed; the head is left over, and named."""
    config = BERT["config"] | {"architectures": ["BertModel"]}
    found = said(write(tmp_path, config, BERT["tensors"]))
    assert all("'cls.predictions." in message or "'pooler.dense." in message for message in found)
    assert any("'cls.predictions.bias'" in message for message in found)


def test_a_model_with_a_head_takes_the_checkpoint_of_its_base(tmp_path):
    base = record_of("bert", "BertModel")
    config = base["config"] | {"architectures": ["BertForSequenceClassification"]}
    assert [message.split("'")[1] for message in said(write(tmp_path, config, base["tensors"]))] == [
        "classifier.weight",
        "classifier.bias",
    ]


def test_old_names_of_norms_are_those_of_today(tmp_path):
    """Checkpoints that were converted from TensorFlow have gamma and beta, and hold their position_ids."""
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): entry
        for name, entry in BERT["tensors"].items()
    }
    old["bert.embeddings.position_ids"] = ["I64", 1, 512]
    assert said(write(tmp_path, BERT["config"], old)) == []


def test_frequencies_that_older_versions_saved_are_let_pass(tmp_path):
    tensors = LLAMA["tensors"] | {"model.layers.0.self_attn.rotary_emb.inv_freq": ["F32", 4]}
    assert said(write(tmp_path, LLAMA["config"], tensors)) == []


def test_a_tied_weight_may_be_there_and_may_not(tmp_path):
    tensors = dict(LLAMA["tensors"])
    tensors.pop("lm_head.weight", None)
    tied = LLAMA["config"] | {"tie_word_embeddings": True}
    assert said(write(tmp_path, tied, tensors)) == []
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    assert said(write(tmp_path, tied, tensors)) == []
    del tensors["lm_head.weight"], tensors["model.embed_tokens.weight"]
    assert len(said(write(tmp_path, tied, tensors))) == 2


def test_an_expert_that_is_missing_shows_in_the_fused_weight(tmp_path):
    expert = next(name for name in MIXTRAL["tensors"] if ".experts.1.w2" in name)
    tensors = {name: entry for name, entry in MIXTRAL["tensors"].items() if name != expert}
    (message,) = said(write(tmp_path, MIXTRAL["config"], tensors))
    assert "experts.down_proj' is (" in message


def test_an_expert_of_another_shape_is_named(tmp_path):
    expert = next(name for name in MIXTRAL["tensors"] if ".experts.1.w2" in name)
    dtype, rows, columns = MIXTRAL["tensors"][expert]
    tensors = MIXTRAL["tensors"] | {expert: [dtype, rows + 1, columns]}
    (message,) = said(write(tmp_path, MIXTRAL["config"], tensors))
    assert f"({rows}, {columns}) and ({rows + 1}, {columns})" in message


def ernie(change=None):
    """The configuration and the tensors of an ERNIE 4.5 VL, and the name of the last of its experts."""
    record = record_of("ernie4_5_vl_moe", "VLMoeModel")
    tensors = dict(record["tensors"])
    expert = [name for name in tensors if name.endswith(".down_proj.weight") and ".experts." in name][-1]
    if change is not None:
        change(tensors, expert)
    return record["config"], tensors, expert


def test_experts_are_dealt_out_to_two_mixtures(tmp_path):
    """Half of them each, and the two may be of different widths."""
    config, tensors, _ = ernie()
    assert said(write(tmp_path, config, tensors)) == []
    vision = {name: entry for name, entry in tensors.items() if ".experts." in name}
    assert len({tuple(shape) for _, *shape in vision.values()}) > 2
    config, tensors, expert = ernie(lambda tensors, expert: tensors.pop(expert))
    assert any("vision_moe.experts.down_proj" in message for message in said(write(tmp_path, config, tensors)))
    config, tensors, expert = ernie(lambda tensors, expert: tensors[expert].__setitem__(1, 7))
    [message] = said(write(tmp_path, config, tensors))
    assert f"such as '{expert}'" in message


def test_an_index_without_its_files_is_compared_by_names(tmp_path):
    write(tmp_path, LLAMA["config"], {})
    (tmp_path / "model.safetensors").unlink()
    names = [name for name in LLAMA["tensors"] if name != "model.norm.weight"]
    index = {"metadata": {}, "weight_map": dict.fromkeys(names, "model-00001-of-00001.safetensors")}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    summary = summarize(load(tmp_path))
    assert [message.split("'")[1] for message in summary.contradictions] == ["model.norm.weight"]
    assert summary.totals.params == summarize(load(tmp_path / "config.json")).totals.params


def test_a_network_that_is_not_known_is_counted_by_its_checkpoint(tmp_path):
    summary = summarize(load(write(tmp_path, {"model_type": "homemade"}, {"a.weight": ["F32", 3]})))
    assert summary.totals.params == 3
    assert "not compared with config.json: model_type 'homemade' is not known" in summary.warnings[0]


def test_a_network_that_is_wrong_is_refused(tmp_path):
    with pytest.raises(InputError, match="num_hidden_layers"):
        load(write(tmp_path, LLAMA["config"] | {"num_hidden_layers": "two"}, LLAMA["tensors"]))


def test_a_folder_with_a_network_alone_is_read(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA["config"]))
    summary = summarize(load(tmp_path))
    assert summary.totals.params == summarize(load(tmp_path / "config.json")).totals.params
    assert summary.warnings == ["the folder holds no checkpoint: nothing was compared with its config.json"]


def test_weights_may_be_named_for_a_config(tmp_path):
    """The file, or the folder that it is in."""
    folder = write(tmp_path / "a", LLAMA["config"], LLAMA["tensors"])
    other = {name: entry for name, entry in LLAMA["tensors"].items() if name != "model.norm.weight"}
    wrong = write(tmp_path / "b", None, other)
    assert said(folder / "config.json", weights=folder) == []
    assert said(folder, weights=wrong / "model.safetensors")[0].endswith("is not in model.safetensors")


TORCH = b"{framework: torch, input: [8], layers: [{Linear: 4, name: first}, {BatchNorm1d: 4, name: norm}]}"
STATE = {
    "first.weight": ["F32", 4, 8],
    "first.bias": ["F32", 4],
    **{f"norm.{name}": ["F32", 4] for name in ("weight", "bias", "running_mean", "running_var")},
    "norm.num_batches_tracked": ["I64"],
}


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model."])
def test_any_architecture_is_compared_with_any_checkpoint(tmp_path, prefix):
    """What a tool puts before all names is no contradiction."""
    tensors = {prefix + name: entry for name, entry in STATE.items()}
    assert said(TORCH, weights=write(tmp_path, None, tensors)) == []
    del tensors[prefix + "norm.num_batches_tracked"]  # PyTorch 0.4 did not save it
    assert said(TORCH, weights=write(tmp_path, None, tensors)) == []
    del tensors[prefix + "first.bias"]
    assert said(TORCH, weights=write(tmp_path, None, tensors)) == [
        f"weight 'first.bias' (4,) is not in {tmp_path.name}"
    ]


def test_weights_have_no_weights(tmp_path):
    folder = write(tmp_path, None, STATE)
    with pytest.raises(InputError, match="--weights needs an architecture"):
        load(folder, weights=folder)


def test_the_size_of_eight_bit_floats_includes_their_scales(tmp_path):
    """Each Linear in float8 with a scale for a block: the parameters are those of the network."""
    tensors = {}
    for name, (dtype, *shape) in LLAMA["tensors"].items():
        eight = len(shape) == 2 and "_proj" in name
        tensors[name] = ["F8_E4M3" if eight else dtype, *shape]
        if eight:
            tensors[name + "_scale_inv"] = ["F32", -(-shape[0] // 128), -(-shape[1] // 128)]
    summary = summarize(load(write(tmp_path, LLAMA["config"], tensors)))
    assert not summary.contradictions
    assert summary.totals.size_bytes == size(tensors)
    assert summary.totals.params == sum(prod(shape) for _, *shape in LLAMA["tensors"].values())


def test_packed_experts_count_as_the_parameters_in_them(tmp_path):
    """gpt-oss: 32 parameters in each 16 bytes and a scale."""
    record = record_of("gpt_oss", "ForCausalLM")
    tensors = {}
    for name, (dtype, *shape) in record["tensors"].items():
        if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            first, inside, outside = shape  # stored the other way round
            tensors[name + "_blocks"] = ["U8", first, outside, inside // 32, 16]
            tensors[name + "_scales"] = ["U8", first, outside, inside // 32]
        else:
            tensors[name] = [dtype, *shape]
    summary = summarize(load(write(tmp_path, record["config"], tensors)))
    assert not summary.contradictions
    assert summary.totals.size_bytes == size(tensors)


@pytest.mark.parametrize(
    "record", [LLAMA, MIXTRAL, BERT, record_of("gpt2", "LMHeadModel")], ids=["llama", "mixtral", "bert", "gpt2"]
)
def test_a_configuration_and_its_checkpoint_do_not_differ(tmp_path, capsys, record):
    """The checkpoint has its tensors' names of the network: experts stacked, the base's prefix, what is tied."""
    base = {name.removeprefix("bert."): entry for name, entry in record["tensors"].items()}
    folder = write(tmp_path, record["config"] | {"dtype": "bfloat16"}, base)
    paths = str(folder / "config.json"), str(folder / "model.safetensors")
    for pair in (paths, paths[::-1]):
        assert run(["diff", *pair]) == 0
        assert "no layer changed" in capsys.readouterr().out


def test_a_checkpoint_that_differs_from_its_configuration_is_shown_layer_by_layer(tmp_path, capsys):
    expert = next(name for name in MIXTRAL["tensors"] if ".experts.1.w2" in name)
    tensors = {name: entry for name, entry in MIXTRAL["tensors"].items() if name != expert}
    folder = write(tmp_path, MIXTRAL["config"] | {"dtype": "bfloat16"}, tensors)
    assert run(["diff", str(folder / "config.json"), str(folder / "model.safetensors"), "--format", "json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert change["kind"] == "changed"
    assert change["path"].endswith("mlp/experts")


def test_layers_that_are_published_as_two_blocks_are_one(tmp_path):
    """Dory's: attention in those with even numbers, the rest in those with odd ones."""
    record = record_of("dory", "ForCausalLM")
    names = {"lambda_1": "attn_alpha", "lambda_2": "mlp_alpha", "self_attn": "mixer", "mlp": "mixer"}
    tensors = {}
    for name, entry in record["tensors"].items():
        before, layers, behind = name.partition("layers.")
        number, _, rest = behind.partition(".")
        part, dot, leaf = rest.partition(".")
        if layers and part in names:
            number = str(2 * int(number) + (part == "mlp"))
            name = f"{before}layers.{number}.{names[part]}{dot}{leaf}"
        tensors[name] = entry
    assert any(".mixer." in name for name in tensors)
    assert said(write(tmp_path, record["config"], tensors)) == []


def test_rows_that_only_fill_up_an_output_are_let_pass(tmp_path):
    """Inkling 2's output layer is stored with as many rows as the embedding, and built with fewer."""
    record = record_of("inkling2_text", "Model")
    rows, columns = record["config"]["vocab_size"], record["config"]["hidden_size"]
    head = {"architectures": ["Inkling2ForCausalLM"], "unpadded_vocab_size": rows - 8, "tie_word_embeddings": False}
    tensors = record["tensors"] | {"lm_head.weight": ["BF16", rows, columns]}
    summary = summarize(load(write(tmp_path, record["config"] | head, tensors)))
    assert not summary.contradictions
    assert summary.totals.size_bytes == size(tensors)


def test_a_file_of_several_lacks_what_is_in_the_others(tmp_path):
    """What is in the others is not missed, and the warning says that they were not looked at."""
    tensors = {name: STATE[name] for name in ("first.weight", "first.bias")}
    write(tmp_path, None, tensors, "model-00001-of-00002.safetensors")
    summary = summarize(load(TORCH, weights=tmp_path / "model-00001-of-00002.safetensors"))
    assert not summary.contradictions
    assert summary.warnings == ["this is file 1 of 2: the others are not counted"]


def test_checkpoints_of_two_formats_do_not_differ(tmp_path, capsys):
    """Whatever the order of the weights in each."""
    for name, tensors in (("a", STATE), ("b", dict(reversed(STATE.items())))):
        write(tmp_path / name, None, tensors)
    paths = [str(tmp_path / name / "model.safetensors") for name in "ab"]
    assert run(["diff", *paths]) == 0
    assert "no layer changed" in capsys.readouterr().out


def quanto(outputs, inputs):
    rows = outputs * inputs // 128
    return {"weight._data._data": ["U8", rows // 2, 128], "weight._scale": ["F32", rows, 1]}


STORED = {
    "torchao": lambda outputs, inputs: {
        "_weight_qdata": ["I8", outputs, inputs],
        "_weight_scale": ["F32", outputs, 1],
    },
    "quanto": quanto,
    "eetq": lambda outputs, inputs: {"weight": ["I8", inputs, outputs], "weight_scales": ["F16", outputs]},
    "bitnet": lambda outputs, inputs: {"weight": ["U8", outputs // 4, inputs], "weight_scale": ["BF16", 1]},
}


@pytest.mark.parametrize("method", STORED)
def test_a_folder_quantised_by_a_library_agrees_with_its_network(tmp_path, capsys, method):
    """Whatever its configuration says of the quantisation: parameters are the network's, bytes the checkpoint's."""
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 128, "vocab_size": 100}
    config |= {"intermediate_size": 256, "num_hidden_layers": 1, "num_attention_heads": 4, "dtype": "bfloat16"}
    plain = summarize(load(json.dumps(config).encode()))
    tensors = {}
    for row in plain.layers:
        for weight in row.weights:
            module, name = row.path.replace("/", "."), weight.name
            if row.type == "Linear" and "layers" in module:
                found = STORED[method](*weight.shape)
                tensors |= {f"{module}.{leaf}": entry for leaf, entry in found.items()}
            else:
                tensors[f"{module}.{name}"] = ["BF16", *weight.shape]
    folder = write(tmp_path, config | {"quantization_config": {"quant_method": method}}, tensors)
    summary = summarize(load(folder))
    assert not summary.warnings
    assert (summary.totals.params, summary.totals.size_bytes) == (plain.totals.params, size(tensors))
    assert run(["diff", str(folder), str(folder / "model.safetensors"), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["totals"]
    assert found["size_bytes"]["delta"] == found["params"]["delta"] == 0  # what decodes the weights is in both


def mlx(bits, group):
    """What MLX 0.32 writes for a matrix, in words of 32 bits."""
    return lambda rows, columns: {
        "weight": ["U32", rows, columns * bits // 32],
        "scales": ["BF16", rows, columns // group],
        "biases": ["BF16", rows, columns // group],
    }


@pytest.mark.parametrize(("bits", "group"), [(2, 64), (3, 32), (4, 32), (4, 64), (4, 128), (5, 64), (6, 64), (8, 64)])
def test_a_folder_of_mlx_agrees_with_its_network(tmp_path, bits, group):
    """Embeddings are packed, too, and the configuration has no quant_method."""
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 128, "vocab_size": 100}
    config |= {"intermediate_size": 256, "num_hidden_layers": 1, "num_attention_heads": 4, "dtype": "bfloat16"}
    plain = summarize(load(json.dumps(config).encode()))
    tensors = {}
    for row in plain.layers:
        for weight in row.weights:
            module = row.path.replace("/", ".")
            found = mlx(bits, group)(*weight.shape) if len(weight.shape) == 2 else {"weight": ["BF16", *weight.shape]}
            tensors |= {f"{module}.{leaf}": entry for leaf, entry in found.items()}
    scheme = {"group_size": group, "bits": bits}
    folder = write(tmp_path / "whole", config | {"quantization": scheme, "quantization_config": scheme}, tensors)
    summary = summarize(load(folder))
    assert (summary.totals.params, summary.totals.size_bytes) == (plain.totals.params, size(tensors))
    report = check_file(str(folder), [parse_budget({"params": "1M"})])
    assert (report.status, report.notices) == ("passed", ())
    tensors["lm_head.weight"] = ["U32", 100, 128 * bits // 32 + 1]
    (found,) = said(write(tmp_path / "other", config, tensors))
    assert found.startswith("weight 'lm_head.weight' is (100, 128) by its layer, but its ")
    assert found.endswith(" packed words are not as many as that needs in 2 to 8 bits")
