"""GGUF files that are no language model, and what any of them says of itself."""

import struct

import pytest

from paramcalc import InputError, load, summarize
from tests.formats.gguf_files import array, entry, file_of, packed, text

VISION = {
    "mm.0.weight": [8, 4],
    "mm.0.bias": [8],
    "v.class_embd": [4],
    "v.patch_embd.weight": [4, 3, 2, 2],
    "v.patch_embd.weight.1": [4, 3, 2, 2],
    "v.blk.0.ln1.weight": [4],
    "v.blk.0.ln1.bias": [4],
}
LORA = {
    "blk.0.attn_q.weight.lora_a": [2, 8],
    "blk.0.attn_q.weight.lora_b": [16, 2],
    "token_embd.weight.lora_a": [32, 2],
    "token_embd.weight.lora_b": [8, 2],
}
ADAPTER = {"general.type": "adapter", "general.architecture": "llama", "adapter.type": "lora"}


def summary_of(tensors, values):
    return summarize(load(file_of(tensors, values), name="net.gguf"))


def test_a_model_says_its_name_and_what_it_was_trained_for():
    values = {"general.architecture": "llama", "general.name": "Net 1B", "llama.context_length": 4096}
    found = summary_of({"token_embd.weight": [32, 256]}, values | {"clip.projector_type": "mlp"})
    assert found.details == {
        "name": "Net 1B",
        "architecture": "llama",
        "context_length": 4096,
        "tensors": 1,
        "metadata_keys": 4,
        "bits_per_weight": 32.0,
    }


def test_a_long_name_is_cut_and_one_that_is_no_text_is_read_as_far_as_it_is():
    name = entry("general.name", 8, text(b"\xff" + b"n" * 100_000))
    found = summarize(load(packed(entries=[name]))).details["name"]
    assert found.startswith("\ufffdnnn")
    assert len(found) < 200


def test_a_name_that_is_an_array_is_passed_over():
    said = entry("general.name", 9, array(8, 1, text("a")))
    assert summarize(load(packed(entries=[said]))).details == {"tensors": 0, "metadata_keys": 1}


@pytest.mark.parametrize("general", [{"general.type": "mmproj"}, {}], ids=["typed", "of 2024"])
def test_a_projector_says_what_it_reads(general):
    values = general | {
        "general.architecture": "clip",
        "clip.has_vision_encoder": True,
        "clip.has_audio_encoder": False,
        "clip.projector_type": "mlp",
    }
    found = summary_of(VISION, values)
    assert found.totals.params == 8 * 4 + 8 + 4 + 2 * 48 + 8
    assert {key: found.details[key] for key in ("holds", "encoders", "projector")} == {
        "holds": "multimodal projector",
        "encoders": "vision",
        "projector": "mlp",
    }


def test_rows_are_modules_and_a_bare_tensor_is_one_of_its_own():
    found = summary_of(VISION | {"blk.0.ssm_a": [4], "blk.0.ssm_conv1d.weight": [4]}, {})
    assert {layer.path: [weight.name for weight in layer.weights] for layer in found.layers} == {
        "mm/0": ["weight", "bias"],
        "v/class_embd": [""],
        "v/patch_embd": ["weight", "weight.1"],
        "v/blk/0/ln1": ["weight", "bias"],
        "blk/0/ssm_a": [""],
        "blk/0/ssm_conv1d": ["weight"],
    }


def test_an_adapter_says_its_rank_and_what_it_adapts():
    found = summary_of(LORA, ADAPTER | {"adapter.lora.alpha": 16.0})
    assert found.totals.params == 2 * 8 + 16 * 2 + 32 * 2 + 8 * 2
    assert found.details["holds"] == "LoRA adapter"
    assert found.details["lora"] == "rank 2, alpha 16: attn_q, token_embd"
    assert [layer.path for layer in found.layers] == ["blk/0/attn_q", "token_embd"]
    assert not found.warnings


def test_ranks_that_differ_are_a_range():
    more = {"blk.1.attn_q.weight.lora_a": [4, 8], "blk.1.attn_q.weight.lora_b": [16, 4]}
    assert summary_of(LORA | more, ADAPTER).details["lora"] == "rank 2 to 4: attn_q, token_embd"


@pytest.mark.parametrize(
    ("more", "values", "said"),
    [
        ({"blk.1.attn_q.weight.lora_a": [2, 8]}, {}, "'blk.1.attn_q.weight.lora_a' has no lora_b beside it"),
        ({"blk.1.attn_q.weight.lora_b": [8, 2]}, {}, "'blk.1.attn_q.weight.lora_b' has no lora_a beside it"),
        ({"blk.1.attn_q.weight": [8, 2]}, {}, "'blk.1.attn_q.weight' is no lora_a or lora_b"),
        (
            {"blk.1.attn_q.weight.lora_a": [2, 8], "blk.1.attn_q.weight.lora_b": [2, 16]},
            {},
            "the lora_a and lora_b of 'blk.1.attn_q.weight' are (2, 8) and (2, 16): they have no rank in common",
        ),
        (
            {"blk.1.attn_q.weight.lora_a": [8], "blk.1.attn_q.weight.lora_b": [8]},
            {},
            "the lora_a and lora_b of 'blk.1.attn_q.weight' are (8,) and (8,): they have no rank in common",
        ),
        ({}, {"adapter.type": "loha"}, "an adapter of the type 'loha'; llama.cpp knows 'lora'"),
    ],
)
def test_what_llama_cpp_does_not_load_of_an_adapter_is_a_warning(more, values, said):
    (warning,) = summary_of(LORA | more, ADAPTER | values).warnings
    assert warning.startswith(said)


def test_norms_in_an_adapter_are_passed_over_as_llama_cpp_does():
    assert not summary_of(LORA | {"blk.0.attn_norm.weight": [8]}, ADAPTER).warnings


def test_of_many_warnings_some_are_shown():
    tensors = {f"blk.{number}.attn_q.weight.lora_a": [2, 8] for number in range(100)}
    warnings = summary_of(tensors, ADAPTER).warnings
    assert (len(warnings), warnings[-1][:12]) == (4, "and more of ")


def test_the_sums_of_an_importance_matrix_are_no_parameters():
    tensors = {"blk.0.attn_q.weight.in_sum2": [1, 8], "blk.0.attn_q.weight.counts": [1, 1]}
    values = {"general.type": "imatrix", "imatrix.chunk_count": 100, "imatrix.chunk_size": 512}
    found = summary_of(tensors, values)
    assert (found.totals.params, found.totals.buffers) == (0, 9)
    assert found.details["holds"] == "importance matrix"
    assert (found.details["chunks"], found.details["chunk_size"]) == (100, 512)


def test_a_control_vector_is_known_by_its_architecture():
    found = summary_of({"direction.1": [8], "direction.2": [8]}, {"general.architecture": "controlvector"})
    assert found.details["holds"] == "control vector"
    assert [layer.path for layer in found.layers] == ["direction/1", "direction/2"]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (15, "Q4_K_M"),
        (1024 + 15, "Q4_K_M"),
        (38, "MXFP4_MOE"),
        (36, "TQ1_0"),
        (41, "Q2_0"),
        (33, "Q4_0_4_4"),
        (99, "99"),
    ],
)
def test_a_mixture_of_types_has_the_name_that_people_know(number, name):
    assert summary_of({}, {"general.file_type": number}).details["file_type"] == name


@pytest.mark.parametrize("name", ["lora.gguf", "mmproj.gguf", "imatrix.gguf"])
def test_tensors_of_what_is_no_model_are_as_the_library_has_them(name, checkpoints, truth):
    found = summarize(load(checkpoints / name))
    tensors = {
        f"{layer.path.replace('/', '.')}.{weight.name}".strip("."): [list(weight.shape), weight.bytes]
        for layer in found.layers
        for weight in layer.weights
    }
    assert tensors == {tensor: [shape, size] for tensor, (shape, _, size) in truth[name].items()}
    assert (
        found.details["holds"] == {"l": "LoRA adapter", "m": "multimodal projector", "i": "importance matrix"}[name[0]]
    )


def parts(folder, tensors, whole):
    """A file a tensor."""
    for number, (name, shape) in enumerate(tensors.items()):
        values = {"split.no": number, "split.count": len(tensors), "split.tensors.count": whole}
        path = folder / f"net-0000{number + 1}-of-0000{len(tensors)}.gguf"
        path.write_bytes(file_of({name: shape}, values))


MIXED = {"a.weight": ([4, 32], "Q4_0"), "b.weight": [4, 32]}


def test_the_bits_of_all_parts_are_those_of_the_whole(tmp_path):
    parts(tmp_path, MIXED, 2)
    for path in (tmp_path, tmp_path / "net-00001-of-00002.gguf"):
        assert summarize(load(path)).details["bits_per_weight"] == (4.5 + 32) / 2


def test_parts_that_hold_fewer_tensors_than_the_first_says_are_refused(tmp_path):
    parts(tmp_path, MIXED, 3)
    for path in (tmp_path, tmp_path / "net-00001-of-00002.gguf"):
        with pytest.raises(InputError, match="says that all files hold 3 tensors, but they hold 2"):
            load(path)


def test_a_part_in_a_folder_that_is_another_than_its_name_says_is_refused(tmp_path):
    parts(tmp_path, MIXED, 2)
    second = tmp_path / "net-00002-of-00002.gguf"
    second.write_bytes(file_of({"b.weight": [4]}, {"split.no": 0, "split.count": 2}))
    with pytest.raises(InputError, match=r"net-00002-of-00002\.gguf says that it is file 1 of 2"):
        load(tmp_path)


def test_values_of_64_bits_are_lengths_too():
    said = entry("general.alignment", 10, struct.pack("<Q", 64)) + entry(
        "llama.context_length", 10, struct.pack("<Q", 8)
    )
    values = entry("general.architecture", 8, text("llama"))
    assert summarize(load(packed(entries=[values, said], keys=3))).details["context_length"] == 8


WHOLE = {
    "model": file_of(MIXED | {"blk.0.ssm_a": [3]}, {"general.architecture": "llama", "llama.context_length": 8}),
    "adapter": file_of(LORA, ADAPTER | {"adapter.lora.alpha": 16.0}),
    "projector": file_of(VISION, {"general.type": "mmproj", "clip.has_vision_encoder": True}),
}


@pytest.mark.parametrize("role", WHOLE)
def test_a_file_cut_anywhere_is_refused_or_loses_only_what_fills_its_last_block(role):
    whole = WHOLE[role]
    totals = summarize(load(whole)).totals
    for end in range(4, len(whole)):
        try:
            found = summarize(load(whole[:end])).totals
        except InputError:
            continue
        assert found == totals, end
        assert len(whole) - end < 32, end
