"""Fields without which transformers builds nothing of a type, though its own defaults leave them out: type → fields."""

SMALL_RESNET = {
    "model_type": "resnet",
    "embedding_size": 16,
    "hidden_sizes": [16, 24, 32, 40],
    "depths": [1, 2, 1, 1],
    "out_features": ["stage1", "stage2", "stage4"],
}

ON_RESNET = {"use_timm_backbone": False, "backbone_config": SMALL_RESNET}

NEEDED: dict[str, dict[str, object]] = {
    "autoformer": {"prediction_length": 24},
    "beit": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "blt": {"encoder_hash_byte_group_vocab": 50},
    "chameleon": {"vocabulary_map": {"<image>": 3}},
    "clap": {"audio_config": {"hidden_size": 768}},
    "conditional_detr": ON_RESNET,
    "colmodernvbert": {
        "vlm_config": {
            "model_type": "modernvbert",
            "vision_config": {"model_type": "siglip_vision_model", "image_size": 64},
        },
    },
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0},
        "ffn_config": {"ffn_hidden_size": 24, "moe_num_experts": 3, "moe_top_k": 2},
        "n_layers": 2,
    },
    "depth_anything": {
        "reassemble_hidden_size": 96,
        "backbone_config": {"model_type": "dinov2", "hidden_size": 96, "num_attention_heads": 6, "image_size": 112},
    },
    "detr": ON_RESNET,
    "data2vec-vision": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "dory": {"num_hidden_layers": 5, "n_input_layers": 1, "n_output_layers": 1},
    "dots3_note_text": {"swa_num_attention_heads": 4, "swa_num_key_value_heads": 4},
    "esm": {"vocab_size": 33},
    "focalnet": {"hidden_sizes": [192, 384, 768, 768]},
    "gemma3n_text": {"vocab_size_per_layer_input": 500, "num_kv_shared_layers": 0},
    "gemma4_assistant": {"text_config": {"hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 0}},
    "gemma4_text": {"vocab_size_per_layer_input": 500},
    "hiera": {"decoder_hidden_size": 48, "decoder_depth": 2, "decoder_num_heads": 4},
    "hrm_text": {"num_hidden_layers": 2},
    "informer": {"prediction_length": 24},
    "inkling2_loop_text": {
        "conv_kernel_size": 3,
        "swa_head_dim": 16,
        "swa_num_attention_heads": 4,
        "swa_num_key_value_heads": 2,
    },
    "inkling2_text": {
        "conv_kernel_size": 3,
        "swa_head_dim": 16,
        "swa_num_attention_heads": 4,
        "swa_num_key_value_heads": 2,
    },
    "inkling_text": {
        "conv_kernel_size": 3,
        "swa_head_dim": 16,
        "swa_num_attention_heads": 4,
        "swa_num_key_value_heads": 2,
    },
    "kimi_k25": {"projection_hidden_size": 96, "vision_config": {"hidden_size": 96, "num_attention_heads": 6}},
    "lfm2_moe": {"layer_types": ["full_attention", "conv"]},
    "longcat_flash": {"expert_ffn_hidden_size": 24, "zero_expert_num": 3},
    "luke": {"entity_vocab_size": 1000},
    "ministral": {"head_dim": 128},
    "mobilebert": {"intra_bottleneck_size": 96},
    "nemotron": {"num_key_value_heads": 48},
    "modernvbert": {"vision_config": {"model_type": "siglip_vision_model", "image_size": 64}},
    "phi4_multimodal_audio": {"num_blocks": 2, "ext_pw_out_channel": 64, "nemo_conv_channels": 16},
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 256,
        "indexer_budget": 64,
        "indexer_compress_ratio": 8,
        "hc_lowrank": 8,
    },
    "reformer": {"axial_pos_embds": False},
    "sam": {
        "vision_config": {"output_channels": 48},
        "prompt_encoder_config": {"hidden_size": 48},
        "mask_decoder_config": {"hidden_size": 48, "num_attention_heads": 6, "attention_downsample_rate": 2},
    },
    "t5gemma": {"is_encoder_decoder": True},
    "t5gemma2_decoder": {"dropout_rate": 0.0},
    "t5gemma2_encoder": {"text_config": {"dropout_rate": 0.0}},
    "t5gemma2_text": {"dropout_rate": 0.0},
    "time_series_transformer": {"prediction_length": 24},
    "wav2vec2-bert": {"vocab_size": 40},
    "wav2vec2-conformer": {"vocab_size": 40},
    "table-transformer": ON_RESNET,
    "timm_backbone": {"backbone": "resnet18", "out_indices": [1, 3]},
    "upernet": {"backbone_config": SMALL_RESNET | {"out_features": ["stage1", "stage2", "stage3", "stage4"]}},
    "xlstm": {"embedding_dim": 64, "hidden_size": 64, "num_blocks": 2, "num_hidden_layers": 2, "num_heads": 4},
    "zamba": {"attention_hidden_size": None, "attention_head_dim": None},
}

FIXED: dict[str, dict[str, object]] = {
    "bit": {"embedding_size": 64},
    "dinat": {"patch_size": 4},
    "levit": {"patch_size": 16},
    "sam2_hiera_det_model": {"hidden_size": 96, "num_attention_heads": 1},
    "sam2_mask_decoder": {"hidden_size": 256, "num_attention_heads": 8},
    "sam2_prompt_encoder": {"hidden_size": 256, "image_size": 1024, "patch_size": 16},
    "swin2sr": {"patch_size": 1},
}
"""Fields that have a size of their own, since transformers builds or runs nothing else: type → fields."""
