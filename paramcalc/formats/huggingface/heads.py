"""Types whose features transformers divides among the heads, and refuses where a rest remains.

Others round down: their heads are then narrower together than the features, and the network is built all the same.
"""

from typing import Any

from paramcalc.formats.huggingface.problems import ConfigError
from paramcalc.formats.huggingface.types import ModelType

_NAMES = (
    "arcee aria_text autoformer cosmos3_edge_text cwm data2vec-vision deberta deberta-v2 deepseek_ocr2_text "
    "deepseek_v2 deformable_detr eurobert exaone falcon gemma2 gemma3_text higgs_audio_v2 hrm_text hyperclovax "
    "internlm3 internvl_vision iquestcoder jais2 llama minicpm3 minicpmv4_7_vision minimax_m3_vl_vision moshi patchtst "
    "qianfan_ocr_vision qwen2_5_vl_text qwen2_vl_text ultrabert unlimited_ocr_text vaultgemma"
)
EVEN = frozenset(_NAMES.split())
"""The types with such a check, be it in the configuration or in the attention, and whatever `head_dim` says."""


def check_heads(type_: ModelType, values: dict[str, Any]) -> None:
    """Refuse heads among which the features of such a type cannot be divided evenly.

    Raises:
        ConfigError: at the number of heads.
    """
    if type_.name not in EVEN:
        return
    width, count = (type_.aliases.get(name, name) for name in ("hidden_size", "num_attention_heads"))
    features, heads = values.get(width), values.get(count)
    if type(features) is int and type(heads) is int and heads > 0 and features % heads:
        message = f"{count}: {width} {features:,} cannot be divided evenly among {heads:,} heads"
        raise ConfigError(message, (count,))
