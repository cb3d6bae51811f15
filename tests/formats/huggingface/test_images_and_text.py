"""Models of images, sound and text: what their records do not say."""

import json

import pytest

from paramcalc import load, summarize


def summary_of(config):
    return summarize(load(json.dumps(config).encode()))


SMALL = {"num_hidden_layers": 2}


@pytest.mark.parametrize(
    ("whole", "field", "old", "new", "values"),
    [
        ("exaone4_5", "text_config", "exaone4_5_text", "exaone4", SMALL),
        ("hyperclovax_vision_v2", "vision_config", "qwen2_5_vl", "qwen2_5_vl_vision", {"depth": 2}),
        ("cosmos3_omni", "vision_config", "qwen3_vl", "qwen3_vl_vision", {"depth": 2}),
    ],
)
def test_a_part_may_have_the_name_that_published_files_give_it(whole, field, old, new, values):
    """transformers reads both as the same (configuration_exaone4_5.py and others, __post_init__)."""
    said, meant = ({"model_type": whole, field: {"model_type": name, **values}} for name in (old, new))
    assert summary_of(said).totals == summary_of(meant).totals


def test_the_inputs_of_a_whole_are_those_of_its_parts():
    """The shape of the images stands in the encoder's configuration alone."""
    vision = {"model_type": "siglip_vision_model", "image_size": 96, "num_channels": 1}
    found = summary_of({"model_type": "colpali", "vlm_config": {"model_type": "paligemma", "vision_config": vision}})
    assert found.inputs[1].shape == (None, 1, 96, 96)


@pytest.mark.parametrize(
    ("config", "macs"),
    [
        (
            {
                "model_type": "ovis2_vision",
                "hidden_size": 64,
                "intermediate_size": 96,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "image_size": 56,
                "patch_size": 14,
                "hidden_stride": 2,
                "vocab_size": 100,
            },
            1_879_040,
        ),
        (
            {
                "model_type": "chameleon_vqgan",
                "resolution": 64,
                "base_channels": 32,
                "channel_multiplier": [1, 2, 2],
                "attn_resolutions": [16],
                "embed_dim": 16,
                "latent_channels": 16,
                "num_embeddings": 50,
            },
            423_501_824,
        ),
        (
            {
                "model_type": "qwen2_5_omni_audio_encoder",
                "d_model": 64,
                "encoder_layers": 2,
                "encoder_attention_heads": 4,
                "encoder_ffn_dim": 96,
                "n_window": 20,
                "output_dim": 32,
            },
            2_498_560,
        ),
    ],
)
def test_the_cost_is_what_pytorch_counts(config, macs):
    """Half of torch.utils.flop_counter's number for one image, or one chunk of sound, in transformers."""
    assert summary_of(config).totals.macs == macs


def test_what_idefics_freezes_is_not_trainable():
    """transformers: 406,969,600 of the parameters have requires_grad."""
    config = {
        "model_type": "idefics",
        "use_resampler": True,
        "qk_layer_norms": True,
        "cross_layer_interval": 2,
        "num_hidden_layers": 4,
        "additional_vocab_size": 2,
        "tie_word_embeddings": True,
        "alpha_type": "vector",
        "perceiver_config": {"qk_layer_norms_perceiver": True},
        "vision_config": {"num_hidden_layers": 2},
    }
    totals = summary_of(config).totals
    assert (totals.params, totals.trainable_params) == (1_368_703_232, 406_969_600)
