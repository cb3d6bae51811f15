"""`--set` on a config.json, and values that contradict a template: exact, or refused as if the file had them."""

import json

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.formats.huggingface.heads import EVEN
from paramcalc.formats.huggingface.types import find_type

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 99}
LLAMA = {"model_type": "llama"} | SMALL


def params(config, **sets):
    return summarize(load(json.dumps(config).encode(), sets=sets)).totals.params


def refusal(config, **sets):
    with pytest.raises(InputError) as caught:
        params(config, **sets)
    return str(caught.value)


@pytest.mark.parametrize(
    ("config", "sets"),
    [
        (LLAMA, {"num_hidden_layers": "3"}),
        ({"model_type": "gpt2", "n_embd": 96, "n_layer": 1}, {"hidden_size": "48"}),  # an alias of n_embd
        ({"model_type": "gpt2", "n_layer": 1, "hidden_size": 96}, {"n_embd": "48"}),
        ({"model_type": "t5", "num_layers": 1}, {"feed_forward_proj": "gated-gelu"}),
        (LLAMA, {"tie_word_embeddings": "true"}),
        (LLAMA, {"head_dim": "16"}),
    ],
)
def test_a_field_that_is_set_is_one_of_the_file(config, sets):
    names = {"hidden_size": "n_embd"} if config["model_type"] == "gpt2" else {}
    written = {
        names.get(name, name): value if name == "feed_forward_proj" else json.loads(value)
        for name, value in sets.items()
    }
    kept = {name: value for name, value in config.items() if names.get(name, name) not in written}
    assert params(config, **sets) == params(kept | written) != params(config)


def test_a_field_of_the_text_model_alone_is_set_in_its_part():
    whole = {"model_type": "gemma3", "architectures": ["Gemma3ForCausalLM"], "text_config": SMALL | {"head_dim": 8}}
    deeper = whole | {"text_config": whole["text_config"] | {"num_hidden_layers": 3}}
    assert params(whole, num_hidden_layers="3") == params(deeper) > params(whole)


@pytest.mark.parametrize(
    ("config", "sets", "words"),
    [
        ({"model_type": "gpt2"}, {"n_head": "5"}, "768 features cannot be divided evenly among 5 heads"),
        ({"model_type": "gpt2"}, {"n_head": "x"}, "--set n_head: expected an integer, got 'x'"),
        ({"model_type": "gpt2"}, {"n_heads": "2"}, "did you mean 'n_head'?"),
        ({"model_type": "mobilebert"}, {"key_query_shared_bottleneck": "false"}, "read from 512 features"),
        ({"model_type": "moonshine"}, {"decoder_num_attention_heads": "4"}, "as many heads as the encoder"),
        ({"model_type": "t5", "is_gated_act": False}, {"feed_forward_proj": "gated-gelu"}, "contradict each other"),
        (LLAMA, {"hidden_act": "xielu"}, "only Apertus"),
        ({"model_type": "llama4_text"} | SMALL, {"hidden_act": "prelu"}, "prelu has weights"),
    ],
)
def test_what_transformers_would_not_build_so_is_refused_wherever_it_is_said(config, sets, words):
    assert words in refusal(config, **sets)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "gemma2", "hidden_activation": "prelu"},
        {"model_type": "modernbert", "hidden_activation": "prelu"},
        {"model_type": "udop", "is_gated_act": True},
        {"model_type": "pop2piano", "is_gated_act": False},
        {"model_type": "gpt_neox_japanese", "hidden_size": 32, "num_attention_heads": 5},
        {"model_type": "olmoe", "num_attention_heads": 10, "num_key_value_heads": 10},
        {"model_type": "segformer", "architectures": ["SegformerForImageClassification"], "num_encoder_blocks": 3},
        {"model_type": "hgnet_v2", "num_channels": 1},
        {"model_type": "pp_ocrv5_server_rec", "backbone_config": {"num_channels": 4, "stem_channels": [4, 32, 48]}},
        {"model_type": "parakeet_encoder", "num_mel_bins": 100},
        {"model_type": "patchtsmixer", "num_patches": 6},
        {"model_type": "mobilebert", "true_hidden_size": 512},
        {"model_type": "bros", "dim_bbox_projection": 66},
        {"model_type": "phi4_multimodal_audio", "nemo_final_size": 12},
        {"model_type": "mvp", "use_prompt": True},
        {"model_type": "aria", "max_value_projector_patch_to_query_dict": 258},
        {"model_type": "clap", "audio_config": {"patch_embed_input_channels": 3}},
    ],
)
def test_what_is_not_known_of_a_field_is_refused(config):
    """transformers builds these with other weights than the template has, or a network that cannot run."""
    refusal(config)


@pytest.mark.parametrize("name", sorted(EVEN))
def test_features_that_cannot_be_divided_among_the_heads_are_refused(name):
    """As transformers does in these types; others round down."""
    type_ = find_type(name)
    width, count = (type_.aliases.get(field, field) for field in ("hidden_size", "num_attention_heads"))
    assert {width, count} <= type_.fields.keys()
    message = f"{count}: {width} 90 cannot be divided evenly among 7 heads"
    assert message in refusal({"model_type": name, width: 90, count: 7})


def test_the_second_head_of_gpt2():
    """Of transformers' GPT2DoubleHeadsModel: a matrix to one number, or to as many as there are features."""
    config = {"model_type": "gpt2", "architectures": ["GPT2DoubleHeadsModel"], "n_embd": 32, "n_layer": 4, "n_head": 4}
    config |= {"vocab_size": 1000, "n_positions": 64}
    assert params(config, summary_proj_to_labels="false") == 85_984
    assert params(config) == 84_961


def test_only_the_last_attention_of_sam_is_as_narrow_as_the_configuration_says():
    """transformers passes no rate to the layers of the mask decoder, whose default is 2."""
    config = {"model_type": "sam", "mask_decoder_config": {"attention_downsample_rate": 4}}
    rows = {row.path: row for row in summarize(load(json.dumps(config).encode())).layers}
    inside = "mask_decoder/transformer"
    assert rows[f"{inside}/layers/0/cross_attn_token_to_image/q_proj"].weights[0].shape == (128, 256)
    assert rows[f"{inside}/final_attn_token_to_image/q_proj"].weights[0].shape == (64, 256)


@pytest.mark.parametrize(
    ("kind", "name"), [("bart", "BartForQuestionAnswering"), ("bigbird_pegasus", "BigBirdPegasusForQuestionAnswering")]
)
def test_an_answer_begins_and_ends_whatever_num_labels_says(kind, name):
    """transformers sets it to 2 in these classes."""
    config = {"model_type": kind, "architectures": [name], "num_labels": 5}
    rows = {row.path: row for row in summarize(load(json.dumps(config).encode())).layers}
    assert rows["qa_outputs"].weights[0].shape == (2, 1024)


def test_an_alias_counts_before_its_field():
    """transformers sets aliases last, wherever they stand."""
    for config in ({"num_hidden_layers": 4, "n_layer": 3}, {"n_layer": 3, "num_hidden_layers": 4}):
        assert params({"model_type": "gpt2"} | config) == params({"model_type": "gpt2", "n_layer": 4})


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        ({"model_type": "starcoder2", "sliding_window": 8}, 8 * 7),
        ({"model_type": "starcoder2"}, 8 * 20),
        # For every query head, of which there are four, not two.
        ({"model_type": "falcon", "new_decoder_architecture": True, "num_kv_heads": 2}, 2 * 8 * 20),
        ({"model_type": "falcon", "new_decoder_architecture": True, "num_kv_heads": 4}, 2 * 8 * 20),
        ({"model_type": "granite_swa", "sliding_window": 8}, 2 * 20 + 6 * 7),
        ({"model_type": "granitemoe_swa", "sliding_window": 8}, 2 * 20 + 6 * 7),
        ({"model_type": "nemotron_h", "sliding_window": 8, "layers_block_type": ["attention"] * 8}, 8 * 20),
    ],
)
def test_the_cache_of_a_window_is_that_of_transformers(config, tokens):
    """By the layers of its DynamicCache: a window of 8 keeps 7 tokens, and each of two heads has 16 features."""
    config = SMALL | {"hidden_size": 64, "head_dim": 16, "num_key_value_heads": 2, "num_hidden_layers": 8} | config
    found = summarize(load(json.dumps(config).encode()), memory=True, context=20).memory.kv_cache
    assert found.bytes == tokens * 2 * 2 * 16 * 4


def test_memory_of_inference_is_unknown_where_the_cache_is():
    """Of sparse attention whose compressed keys are not known; without the cache the number would be too small."""
    indexer = {"n_heads": 2, "kv_heads": 1, "head_dim": 32, "budget": 64, "compress_ratio": 4}
    config = {f"indexer_{name}": value for name, value in indexer.items()} | SMALL
    config |= {"model_type": "qwen4_exp_text", "layer_types": ["linear_attention", "indexed_attention"]}
    found = summarize(load(json.dumps(config).encode()), memory=True, context=24).memory
    assert (found.kv_cache, found.inference_bytes) == (None, None)


def test_the_first_gpt_keeps_nothing():
    """transformers computes every token anew for the next one."""
    config = {"model_type": "openai-gpt", "n_embd": 32, "n_layer": 2, "n_head": 4}
    assert summarize(load(json.dumps(config).encode()), memory=True, context=24).memory.kv_cache is None
