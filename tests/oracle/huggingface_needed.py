"""Fields without which transformers builds nothing of a type, though its own defaults leave them out: type → fields."""

SMALL_RESNET = {
    "model_type": "resnet",
    "embedding_size": 16,
    "hidden_sizes": [16, 24, 32, 40],
    "depths": [1, 2, 1, 1],
    "out_features": ["stage1", "stage2", "stage4"],
}

SMALL_RT_DETR = SMALL_RESNET | {"model_type": "rt_detr_resnet", "out_features": ["stage2", "stage3", "stage4"]}
ON_RT_DETR = {"backbone_config": SMALL_RT_DETR, "encoder_hidden_dim": 48, "decoder_in_channels": [48, 48, 48]}
SMALL_SWIN = {
    "model_type": "swin",
    "image_size": 64,
    "embed_dim": 16,
    "depths": [1, 2, 1, 1],
    "num_heads": [2, 2, 4, 4],
    "window_size": 4,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}

SMALL_VITDET = {
    "patch_size": 16,
    "model_type": "vitdet",
    "hidden_size": 96,
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
    "residual_block_indices": [0, 3],
    "window_block_indices": [1],
    "out_features": ["stage4"],
}
ON_RESNET = {"use_timm_backbone": False, "backbone_config": SMALL_RESNET}

NEEDED: dict[str, dict[str, object]] = {
    "autoformer": {"prediction_length": 24},
    "beit": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "bark": {
        "semantic_config": {"hidden_size": 96, "num_layers": 2, "block_size": 64, "bias": False},
        "coarse_acoustics_config": {"hidden_size": 96, "num_layers": 1, "block_size": 64, "input_vocab_size": 1200},
        "fine_acoustics_config": {"hidden_size": 96, "num_layers": 2, "block_size": 64, "n_codes_given": 2},
    },
    "blt": {"encoder_hash_byte_group_vocab": 50},
    "chameleon": {"vocabulary_map": {"<image>": 3}},
    "canary": {
        "encoder_config": {"hidden_size": 96, "num_attention_heads": 6},
        "decoder_config": {"hidden_size": 96, "num_attention_heads": 6, "num_key_value_heads": 2},
    },
    "clap": {"audio_config": {"hidden_size": 768}},
    "clap_audio_model": {"hidden_size": 768},
    "conditional_detr": ON_RESNET,
    "colmodernvbert": {
        "vlm_config": {
            "model_type": "modernvbert",
            "vision_config": {"model_type": "siglip_vision_model", "image_size": 64},
        },
    },
    "csm": {"tie_codebooks_embeddings": False},
    "cosmos3_edge_text": {
        "head_dim": 16,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]},
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
    "deformable_detr": ON_RESNET,
    "detr": ON_RESNET,
    "convnext": {"hidden_sizes": [16, 24, 32, 40], "depths": [1, 2, 1, 1]},
    "convnextv2": {"hidden_sizes": [16, 24, 32, 40], "depths": [1, 2, 1, 1]},
    "data2vec-vision": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "dia": {"encoder_config": {"hidden_size": 96}, "decoder_config": {"cross_hidden_size": 96}},
    "diffusion_gemma": {"text_config": {"num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 32}},
    "dory": {"num_hidden_layers": 5, "n_input_layers": 1, "n_output_layers": 1},
    "dots3_note_text": {"swa_num_attention_heads": 4, "swa_num_key_value_heads": 4},
    "dpt": {"num_hidden_layers": 5, "backbone_out_indices": [0, 1, 3, 4]},
    "emu3": {"vocabulary_map": {"<image>": 3}},
    "emu3_vqgan": {
        "base_channels": 32,
        "channel_multiplier": [1, 2, 2],
        "attn_resolutions": [2],
        "hidden_size": 64,
        "num_attention_heads": 4,
    },
    "ernie4_5_vl_moe_text": {
        "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0, "mrope_section": [3, 3, 2]}
    },
    "eomt": {"num_blocks": 1},
    "esm": {"vocab_size": 33},
    "focalnet": {"hidden_sizes": [192, 384, 768, 768]},
    "fun_asr_nano": {
        "adaptor_config": {
            "hidden_size": 96,
            "intermediate_size": 24,
            "num_attention_heads": 4,
            "num_hidden_layers": 1,
        },
        "text_config": {"hidden_size": 96},
    },
    "gemma3n_text": {"vocab_size_per_layer_input": 500, "num_kv_shared_layers": 0},
    "gemma4_assistant": {"text_config": {"hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 0}},
    "gemma4_text": {"vocab_size_per_layer_input": 500},
    "hiera": {"decoder_hidden_size": 48, "decoder_depth": 2, "decoder_num_heads": 4},
    "glmasr": {"audio_config": {"intermediate_size": 192, "hidden_size": 96, "num_attention_heads": 6}},
    "granite_speech": {"encoder_config": {"hidden_dim": 96}, "projector_config": {"encoder_hidden_size": 96}},
    "granite_speech_plus": {
        "encoder_config": {"hidden_dim": 96, "num_layers": 3, "cat_hidden_layers": [0, 2]},
        "projector_config": {"encoder_hidden_size": 288},
    },
    "grounding-dino": {"backbone_config": SMALL_SWIN | {"out_features": ["stage2", "stage3", "stage4"]}},
    "glm_image": {"vision_config": {"hidden_size": 96, "num_heads": 6}, "vq_config": {"latent_channels": 96}},
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
    "janus": {
        "text_config": {"hidden_size": 96, "num_attention_heads": 6, "num_key_value_heads": 6, "head_dim": 16},
        "vq_config": {"image_token_embed_dim": 96},
    },
    "kimi_k25": {"projection_hidden_size": 96, "vision_config": {"hidden_size": 96, "num_attention_heads": 6}},
    "lfm2_moe": {"layer_types": ["full_attention", "conv"]},
    "longcat_flash": {"expert_ffn_hidden_size": 24, "zero_expert_num": 3},
    "luke": {"entity_vocab_size": 1000},
    "mask2former": {"backbone_config": SMALL_SWIN, "feature_size": 64},
    "maskformer": {"backbone_config": SMALL_SWIN, "fpn_feature_size": 64},
    "mm-grounding-dino": {"backbone_config": SMALL_SWIN | {"out_features": ["stage2", "stage3", "stage4"]}},
    "ministral": {"head_dim": 128},
    "mobilebert": {"intra_bottleneck_size": 96},
    "nemotron": {"num_key_value_heads": 48},
    "modernvbert": {"vision_config": {"model_type": "siglip_vision_model", "image_size": 64}},
    "perceiver": {"d_latents": 64, "num_latents": 16, "num_self_attends_per_block": 2},
    "ovis2": {
        "hidden_size": 96,
        "vocab_size": 1000,
        "text_config": {
            "model_type": "qwen2",
            "hidden_size": 96,
            "num_attention_heads": 6,
            "num_key_value_heads": 2,
            "vocab_size": 1000,
        },
    },
    "phi4_multimodal_audio": {"num_blocks": 2, "ext_pw_out_channel": 64, "nemo_conv_channels": 16},
    "mimi": {"upsample_groups": 16},
    "mimi_decoder": {"upsample_groups": 16},
    "moshi": {
        "audio_encoder_config": {
            "hidden_size": 64,
            "num_filters": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
        },
        "depth_decoder_config": {"hidden_size": 64, "num_hidden_layers": 2, "ffn_dim": 96},
    },
    "moonshine_streaming": {"num_key_value_heads": 2},
    "qwen2_5_omni_bigvgan": {
        "upsample_initial_channel": 64,
        "upsample_rates": [5, 3],
        "upsample_kernel_sizes": [11, 7],
    },
    "qwen2_5_omni_dit": {"enc_channels": [16, 16, 16, 16, 48]},
    "qwen3_omni_moe": {"enable_audio_output": False},
    "qwen4_exp": {
        "text_config": {
            "indexer_n_heads": 2,
            "indexer_kv_heads": 1,
            "indexer_head_dim": 256,
            "indexer_budget": 64,
            "indexer_compress_ratio": 8,
            "hc_lowrank": 8,
        }
    },
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 256,
        "indexer_budget": 64,
        "indexer_compress_ratio": 8,
        "hc_lowrank": 8,
    },
    "reformer": {"axial_pos_embds": False},
    "seamless_m4t_v2": {"t2u_variance_predictor_embed_dim": 64},
    "rt_detr": ON_RT_DETR,
    "rt_detr_v2": ON_RT_DETR,
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
    "voxtral": {"audio_config": {"intermediate_size": 192, "hidden_size": 96, "num_attention_heads": 6}},
    "wav2vec2-bert": {"vocab_size": 40},
    "wav2vec2-conformer": {"vocab_size": 40},
    "table-transformer": ON_RESNET,
    "timm_backbone": {"backbone": "resnet18", "out_indices": [1, 3]},
    "upernet": {"backbone_config": SMALL_RESNET | {"out_features": ["stage1", "stage2", "stage3", "stage4"]}},
    "vitmatte": {
        "convstream_hidden_sizes": [8, 12, 16],
        "fusion_hidden_sizes": [32, 24, 16, 8],
        "hidden_size": 96,
        "backbone_config": SMALL_VITDET,
    },
    "vitpose_backbone": {"part_features": 8},
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
