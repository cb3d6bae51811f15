"""Image augmentation: random and fixed changes that keep the shape, RandomCrop, boxes, pipelines."""

from typing import Any

from tests.oracle.table import DEFAULT, Case, Shape, case, grid, on_each, vary

FIRST = "channels_first"
SHAPES: list[Shape] = [[8, 9, 3], [None, None, 3], [8, 9, 1], [8, 9], [9], [8, 9, 4, 3], [3, 8, 9]]
# What each class must be told, and values it should refuse or accept at its edges.
KEEP_SHAPE: list[tuple[str, dict[str, Any], dict[str, list[Any]]]] = [
    ("AugMix", {}, {"num_chains": [0, 2], "chain_depth": [0], "factor": [2.0, [0.1, 0.2]], "alpha": [0]}),
    ("AutoContrast", {}, {"value_range": [[0, 1], [0, 1, 2], 5]}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {}, {"tile_grid_size": [[4, 4], 4], "clip_limit": [0]}),
    ("CutMix", {}, {"factor": [0.5, 2.0, "a"]}),
    ("Equalization", {}, {"bins": [16, 0], "value_range": [[0, 1], 3]}),
    ("MixUp", {}, {"alpha": [0.5, -1, "a"]}),
    ("RandAugment", {}, {"num_ops": [0, 1, 30], "factor": [0.1, 2.0], "interpolation": ["nope"]}),
    ("RandomBrightness", {"factor": 0.2}, {"factor": [[-0.5, 0.1], 2.0, [0.2, 3], "a"], "value_range": [[0, 1], 3]}),
    ("RandomColorDegeneration", {"factor": 0.2}, {"factor": [[0.2, 0.4], 2.0, -0.1]}),
    ("RandomColorJitter", {}, {"brightness_factor": [0.2, 3.0], "hue_factor": [0.1], "saturation_factor": [0.5]}),
    ("RandomContrast", {"factor": 0.2}, {"factor": [[0.2, 0.4], 2.0, -0.1, [0.1, 0.2, 0.3]]}),
    ("RandomElasticTransform", {}, {"factor": [0.3, 2.0], "scale": [[0, 1]], "fill_mode": ["nope"]}),
    ("RandomErasing", {}, {"factor": [0.5], "scale": [[0, 2]], "fill_value": [1.0]}),
    ("RandomFlip", {}, {"mode": ["horizontal", "vertical", "nope"]}),
    ("RandomGaussianBlur", {}, {"kernel_size": [5, [3, 5], [3], 0], "sigma": [2.0, [0.1, 0.2]], "factor": [2.0]}),
    ("RandomGrayscale", {}, {"factor": [0, 1, 1.5, -0.1]}),
    ("RandomHue", {"factor": 0.2}, {"factor": [[0.0, 0.4], 2.0]}),
    ("RandomInvert", {}, {"factor": [0.2, 2.0]}),
    ("RandomPerspective", {}, {"scale": [0.2, 2.0], "interpolation": ["nearest", "nope"]}),
    ("RandomPosterization", {"factor": 4}, {"factor": [[2, 5], 0, 9]}),
    ("RandomRotation", {"factor": 0.2}, {"factor": [[-0.1, 0.3], 2.0], "fill_mode": ["constant", "nope"]}),
    ("RandomSaturation", {"factor": 0.5}, {"factor": [[0.2, 0.4], 2.0]}),
    ("RandomSharpness", {"factor": 0.5}, {"factor": [[0.2, 0.4], 2.0]}),
    ("RandomShear", {}, {"x_factor": [0.3, 2.0, [0.1, 0.2]], "y_factor": [0.3], "fill_mode": ["nope"]}),
    ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.2}, {"height_factor": [2.0, [-0.1, 0.1]]}),
    ("RandomZoom", {"height_factor": 0.2}, {"height_factor": [[0.1, 0.2], -2.0], "width_factor": [0.3]}),
    ("Solarization", {}, {"addition_factor": [10.0], "threshold_factor": [0.2, -1], "value_range": [[0, 1], 3]}),
]

SAME_SHAPE: list[Case] = [
    each
    for kind, needed, choices in KEEP_SHAPE
    for each in [
        *on_each(kind, needed, *SHAPES),
        *vary(kind, [8, 9, 3], needed, seed=[1], trainable=[False], **choices),
        case(kind, {**needed, "data_format": FIRST}, [3, 8, 9]),
        case(kind, {**needed, "data_format": FIRST}, [8, 9, 3]),
        case(kind, needed, [8, 9, 3], dtypes=["uint8"]),
    ]
]

RANDOM_CROP: list[Case] = [
    *grid(
        "RandomCrop",
        [[8, 9, 3], [3, 8, 9], [None, None, 3], [None, 9, 3]],
        height=[5],
        width=[7],
        data_format=[DEFAULT, FIRST],
    ),
    *vary("RandomCrop", [8, 9, 3], {"height": 5, "width": 7}, height=[0, -1, 8, 20, 2.5, None], width=[9, 10]),
    *on_each("RandomCrop", {"height": 5, "width": 7}, [8, 3], [8], [2, 8, 9, 3], [4, 4, 3], [8, 9, None]),
]

BOXES: list[Case] = [
    *on_each("MaxNumBoundingBoxes", {"max_number": 5}, [8, 9, 3], [None, None, 3], [4], [3, 4], []),
    *vary("MaxNumBoundingBoxes", [8, 9, 3], {"max_number": 5}, max_number=[0, -1, "a"], fill_value=[0]),
]

STEPS: list[tuple[list[Any], Shape]] = [
    ([], [8, 9, 3]),
    ([{"Resizing": {"height": 4, "width": 5}}, {"Rescaling": {"scale": 0.5}}], [8, 9, 3]),
    ([{"Resizing": {"height": 4, "width": 5}}, {"RandomFlip": {}}], [None, None, 3]),
    ([{"CenterCrop": {"height": 4, "width": 5}}, {"RandomRotation": {"factor": 0.1}}], [8, 9, 3]),
    ([{"Rescaling": {"scale": 2}}, {"Normalization": {}}], [8, 3]),
    ([{"Dense": {"units": 4}}, {"Dense": {"units": 2}}], [3]),
    ([{"Dense": {"units": 4}}, {"Conv2D": {"filters": 4, "kernel_size": 3}}], [3]),
    ([{"CategoryEncoding": {"num_tokens": 4}}], [3]),
    ([{"Pipeline": {"layers": [{"Rescaling": {"scale": 2}}]}}], [3]),
    ([{"Dropout": {"rate": 0.5}}], [3]),
]
PIPELINE: list[Case] = [case("Pipeline", {"layers": layers}, shape) for layers, shape in STEPS]

CASES = [*SAME_SHAPE, *RANDOM_CROP, *BOXES, *PIPELINE]
