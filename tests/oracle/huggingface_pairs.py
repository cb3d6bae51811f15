"""Encoder-decoder pairs of many types: configurations that are frozen in addition to the random ones."""

from typing import Any

BERT = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "vocab_size": 1000,
}
CROSSING = {"is_decoder": True, "add_cross_attention": True}
BART = {"d_model": 32, "vocab_size": 1000, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 48}
BART |= {"decoder_ffn_dim": 40, "encoder_attention_heads": 4, "decoder_attention_heads": 4}
GPT2 = {"n_embd": 32, "n_layer": 1, "n_head": 4, "vocab_size": 1000}
SWIN = {"embed_dim": 16, "depths": [1, 1], "num_heads": [2, 4], "window_size": 4, "image_size": 64}
VIT = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40}
SOUND = {"hidden_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 40}

DECODERS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("bert", "roberta", "electra", "rembert", "bert-generation", "big_bird"), BERT | CROSSING),
    **dict.fromkeys(("bart", "mbart", "pegasus", "plbart", "blenderbot", "trocr"), BART | CROSSING),
    "gpt2": GPT2 | CROSSING,
    "prophetnet": {"hidden_size": 32, "vocab_size": 1000, "num_decoder_layers": 1, "num_encoder_layers": 1} | CROSSING,
}
ENCODERS: dict[str, dict[str, dict[str, Any]]] = {
    "encoder-decoder": {
        **dict.fromkeys(("albert", "camembert", "longformer", "mpnet", "roformer", "convbert", "ernie"), BERT),
        "distilbert": {"dim": 32, "n_layers": 1, "n_heads": 4, "hidden_dim": 48, "vocab_size": 1000},
        "gpt2": GPT2,
    },
    "vision-encoder-decoder": {
        **dict.fromkeys(("vit", "deit", "beit", "dinov2", "yolos", "clip_vision_model", "videomae"), VIT),
        **dict.fromkeys(("swin", "donut-swin", "swinv2"), SWIN),
    },
    "speech-encoder-decoder": dict.fromkeys(
        ("wav2vec2", "hubert", "wavlm", "wav2vec2-bert", "audio-spectrogram-transformer"), SOUND
    ),
}


def of(type_: str, values: dict[str, Any]) -> dict[str, Any]:
    """A configuration inside another."""
    return {"model_type": type_} | values


def pairs(whole: str) -> list[dict[str, Any]]:
    """Each encoder with BERT, and one of the first encoder with each decoder."""
    encoders = ENCODERS.get(whole, {})
    if not encoders:
        return []
    first = of(*next(iter(encoders.items())))
    found = [{"encoder": of(*each), "decoder": of("bert", BERT | CROSSING)} for each in encoders.items()]
    return found + [{"encoder": first, "decoder": of(*each)} for each in DECODERS.items()]
