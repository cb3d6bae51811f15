"""Backbones of detectors: which one a configuration means, and which of its stages are read.

Totals are those of transformers 5.24 with timm 1.0.31 (tests/oracle/freeze_huggingface.py builds the same models).
"""

import json

import pytest

from paramcalc import InputError, load, summarize


def totals(**config):
    return summarize(load(json.dumps(config).encode())).totals


def detr(**config):
    return totals(model_type="detr", architectures=["DetrForObjectDetection"], **config)


@pytest.mark.parametrize(
    ("config", "params", "buffers"),
    [
        ({"backbone": "resnet50", "use_timm_backbone": True, "num_labels": 91}, 41524768, 106240),
        ({"backbone": "resnet101", "dilation": True, "num_labels": 91}, 60464672, 210688),
        ({"backbone": "resnet18.a1_in1k", "num_labels": 2}, 28820679, 19200),
        ({"use_timm_backbone": False}, 41501895, 106240),
        (
            {"backbone": "resnet50", "backbone_kwargs": {"out_indices": [1, 2, 3, 4]}, "num_labels": 91},
            41524768,
            106240,
        ),
    ],
)
def test_a_detector_has_the_resnet_that_it_names_with_frozen_norms(config, params, buffers):
    """The four tensors of a frozen norm are buffers, and how many batches it saw is not counted."""
    found = detr(**config)
    assert (found.params, found.buffers) == (params, buffers)


def test_a_network_of_timm_ends_with_the_last_stage_that_is_read():
    backbone = {"model_type": "timm_backbone", "backbone": "resnet34", "out_indices": [1, 2]}
    assert totals(**backbone, architectures=["TimmBackbone"]).params == 1347904


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"backbone": "microsoft/resnet-50", "use_timm_backbone": False}, "configuration is not in this file"),
        ({"backbone": "efficientnet_b0"}, "efficientnet_b0 is none of the networks of timm known here"),
        ({"backbone_config": {"model_type": "resnet", "out_features": ["stage5"]}}, "there is no stage 'stage5'"),
        ({"backbone_config": {"model_type": "resnet", "out_indices": [5]}}, "there is no stage 5"),
        ({"backbone_config": {"model_type": "resnet", "out_indices": [2, 1]}}, "once each, in order"),
        ({"backbone_config": {"model_type": "resnet", "out_indices": []}}, "expected a list of stages"),
        (
            {"backbone_config": {"model_type": "resnet", "out_indices": [2], "out_features": ["stage1"]}},
            "name different stages",
        ),
    ],
)
def test_a_backbone_that_is_not_known_is_refused_by_name(config, message):
    with pytest.raises(InputError, match=message):
        detr(**config)
