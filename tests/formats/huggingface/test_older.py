"""Older files of a type are read as transformers reads them."""

import pytest

from paramcalc.errors import InputError
from paramcalc.formats.huggingface.config import read_config
from paramcalc.formats.huggingface.template import spec_of

STEP = {"model_type": "step3p5", "num_hidden_layers": 4}


def test_lists_of_layers_end_with_the_last_layer() -> None:
    """Step 3.7's file lists those that predict further tokens, too."""
    kinds = ["full_attention", "sliding_attention"] * 3
    values = read_config(STEP | {"num_nextn_predict_layers": 2, "layer_types": kinds}, "config.json").values
    assert values["layer_types"] == kinds[:4]


@pytest.mark.parametrize("numbers", ["1,3", " 1, 3,", [1, 3], ["1", "3"]])
def test_layers_with_experts_are_numbers_in_a_text_or_a_list(numbers: object) -> None:
    assert read_config(STEP | {"moe_layers_enum": numbers}, "config.json").values["moe_layers_enum"] == [1, 3]


@pytest.mark.parametrize("numbers", ["one", [[1]], 3])
def test_layers_that_are_no_numbers_are_refused(numbers: object) -> None:
    with pytest.raises(InputError, match="moe_layers_enum"):
        read_config(STEP | {"moe_layers_enum": numbers}, "config.json")


def test_the_image_encoder_ends_with_the_last_layer_that_is_read() -> None:
    """Molmo 2's file counts layers from the last of 27."""
    file = {"model_type": "molmo2", "vit_config": {"num_hidden_layers": 27}, "adapter_config": {"vit_layers": [-3, -9]}}
    values = read_config(file, "config.json").values
    assert values["vision_config"]["num_hidden_layers"] == 25
    assert values["adapter_config"]["vit_layers"] == [24, 18]


@pytest.mark.parametrize("layers", [[], "24", [1.5]])
def test_numbers_that_no_layer_has_are_refused(layers: object) -> None:
    file = {"model_type": "molmo2", "vit_config": {}, "adapter_config": {"vit_layers": layers}}
    with pytest.raises(InputError, match="vit_layers"):
        read_config(file, "config.json")


@pytest.mark.parametrize("field", ["attention_bias", "mlp_bias"])
def test_a_bias_that_no_field_says_is_refused(field: str) -> None:
    """transformers sets an attribute of any name, also of one that the class has without an annotation."""
    file = {"model_type": "emu3_text_model", "architectures": ["Emu3TextModel"], field: True}
    with pytest.raises(Exception, match=field):
        spec_of(read_config(file, "config.json"))


def test_a_text_model_under_its_older_name_is_read_with_the_window_beside_it() -> None:
    file = {"model_type": "unlimited_ocr", "language_config": {"hidden_size": 64}, "sliding_window": 32}
    values = read_config(file, "config.json").values
    assert values["text_config"] == {"hidden_size": 64, "sliding_window": 32}


@pytest.mark.parametrize("rate", ["4", "1/4/2", "a/b", "1/0", ""])
def test_a_rate_that_is_not_two_sides_is_refused(rate: str) -> None:
    with pytest.raises(InputError, match="downsample_rate"):
        read_config({"model_type": "granite4_vision", "downsample_rate": rate}, "config.json")
