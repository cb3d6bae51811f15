"""Spectrograms, buckets and categories, and the lookups and hashes that need TensorFlow."""

from itertools import product
from typing import Any

from tests.oracle.table import DEFAULT, Case, Shape, case, grid, on_each, vary

FIRST = "channels_first"

MEL: list[Case] = [
    *on_each("MelSpectrogram", {}, [16000], [1000], [100], [None], [2, 16000], [None, None], [], [0], [2, 2, 4000]),
    *vary(
        "MelSpectrogram",
        [16000],
        {"fft_length": 512, "sequence_stride": 160},
        fft_length=[400, 511, 0, -4],
        sequence_stride=[1, 0, -1, 20000],
        sequence_length=[400, 512, 600, 0],
        num_mel_bins=[0, 1, 80, -1],
        sampling_rate=[8000, 0],
        window=["hamming", "nope", None],
        min_freq=[0.0],
        max_freq=[4000.0, 10.0],
        power_to_db=[False],
        mag_exp=[1.0],
        ref_power=[0.0],
        trainable=[False],
    ),
    *on_each("MelSpectrogram", {"fft_length": 512, "sequence_stride": 100}, [512], [511], [513], [99], [100], [101]),
]

MODES = ["log", "magnitude", "psd", "real", "imag", "angle", "stft"]
STFT: list[Case] = [
    *grid("STFTSpectrogram", [[4000, 1], [None, 2]], mode=MODES, expand_dims=[DEFAULT, True]),
    *grid(
        "STFTSpectrogram",
        [[1000, 2], [1001, 1]],
        frame_length=[64, 101],
        frame_step=[DEFAULT, 50],
        fft_length=[DEFAULT, 128, 129],
        padding=["valid", "same"],
    ),
    *grid(
        "STFTSpectrogram",
        [[2, 1000], [2, None]],
        mode=["log", "stft"],
        data_format=[FIRST],
        expand_dims=[DEFAULT, True],
        padding=["valid", "same"],
    ),
    *vary(
        "STFTSpectrogram",
        [1000, 1],
        {"frame_length": 64},
        mode=["nope"],
        frame_length=[0, -1, 1000, 1001, 1.5],
        frame_step=[0, -1, 64, 65],
        fft_length=[32, 64, 0],
        window=["hamming", "nope", None],
        periodic=[True],
        scaling=["spectrum", None, "nope"],
        padding=["causal", None],
        data_format=["nope"],
        trainable=[True, False],
    ),
    *on_each("STFTSpectrogram", {"frame_length": 64}, [], [1000], [63, 1], [64, 1], [0, 1], [2, 1000, 1], [1000, None]),
    case("STFTSpectrogram", {"frame_length": 64}, [1000, 1], dtypes=["int32"]),
]

VECTORS: list[Shape] = [[], [1], [5], [None], [4, 3], [4, 1], [None, 3], [2, 3, 4]]
ENCODING: list[Case] = [
    *[
        case("CategoryEncoding", {"num_tokens": 7, **mode}, shape, dtypes=dtypes)
        for mode, shape, dtypes in product(
            ({}, {"output_mode": "one_hot"}, {"output_mode": "count"}), VECTORS, (None, ["int32"])
        )
    ],
    *vary("CategoryEncoding", [5], {"num_tokens": 7}, num_tokens=[1, 0, -1, None], output_mode=["int", "nope"]),
    *vary("CategoryEncoding", [5], {"num_tokens": 7}, sparse=[True], trainable=[False], dtype=["int32"]),
    case("CategoryEncoding", {}, [5]),
]

DISCRETIZATION: list[Case] = [
    *[
        case("Discretization", {"bin_boundaries": [0.0, 1.0, 2.5], **mode}, shape)
        for mode, shape in product(
            ({}, {"output_mode": "one_hot"}, {"output_mode": "multi_hot"}, {"output_mode": "count"}), VECTORS
        )
    ],
    *vary(
        "Discretization",
        [5],
        {"bin_boundaries": [0.0, 1.0]},
        bin_boundaries=[[], [1.0], [2.0, 1.0], None],
        num_bins=[3],
        output_mode=["nope"],
        epsilon=[0.1],
    ),
    *vary("Discretization", [5], {"num_bins": 3}, num_bins=[4, 0, -1], output_mode=["one_hot"]),
    *on_each("Discretization", {"bin_boundaries": [0.0]}, [5], [4, 3], dtypes=["int32"]),
]

LOOKUPS: list[tuple[str, dict[str, Any], str]] = [
    ("StringLookup", {"vocabulary": ["a", "b", "c"]}, "string"),
    ("IntegerLookup", {"vocabulary": [10, 20, 30]}, "int64"),
    ("StringLookup", {"max_tokens": 9}, "string"),
    ("IntegerLookup", {"max_tokens": 9}, "int64"),
]
LOOKUP: list[Case] = [
    case(kind, {**needed, **mode}, shape, dtypes=[dtype])
    for (kind, needed, dtype), mode, shape in product(
        LOOKUPS,
        (
            {},
            {"output_mode": "one_hot"},
            {"output_mode": "multi_hot"},
            {"output_mode": "count"},
            {"output_mode": "multi_hot", "pad_to_max_tokens": True, "max_tokens": 20},
        ),
        ([], [1], [5], [None], [4, 3]),
    )
] + [
    case(kind, {**needed, **extra}, [1], dtypes=[dtype])
    for (kind, needed, dtype), extra in product(
        LOOKUPS[:2],
        (
            {"num_oov_indices": 0, "output_mode": "one_hot"},
            {"num_oov_indices": 3, "output_mode": "one_hot"},
            {"num_oov_indices": -1},
            {"max_tokens": 1},
            {"max_tokens": 2},
            {"max_tokens": 3, "output_mode": "one_hot"},
            {"pad_to_max_tokens": True},
            {"output_mode": "nope"},
            {"output_mode": "tf_idf"},
            {"output_mode": "tf_idf", "idf_weights": [0.1, 0.2, 0.3]},
            {"invert": True},
            {"invert": True, "output_mode": "one_hot"},
            {"vocabulary": []},
            {"sparse": True},
            {"sparse": True, "output_mode": "one_hot"},
            {"trainable": False},
        ),
    )
]
LOOKUP += [
    case("StringLookup", {"vocabulary": ["a", "b"], **extra}, [1], dtypes=["string"])
    for extra in (
        {"mask_token": "", "output_mode": "one_hot"},
        {"mask_token": ""},
        {"oov_token": "b"},
        {"vocabulary": ["a", "a"]},
        {"mask_token": "", "num_oov_indices": 2, "output_mode": "multi_hot"},
    )
]
LOOKUP += [
    case("IntegerLookup", {"vocabulary": [10, 20], **extra}, [1], dtypes=["int64"])
    for extra in (
        {"mask_token": 0, "output_mode": "one_hot"},
        {"oov_token": 20},
        {"vocabulary": [10, 10]},
        {"vocabulary_dtype": "string"},
    )
]

HASHING: list[Case] = [
    *[
        case("Hashing", {"num_bins": 6, **mode}, shape, dtypes=[dtype])
        for mode, shape, dtype in product(
            ({}, {"output_mode": "one_hot"}, {"output_mode": "multi_hot"}, {"output_mode": "count"}),
            ([], [1], [5], [None], [4, 3]),
            ("string", "int64"),
        )
    ],
    *[
        case("Hashing", {"num_bins": 6, **extra}, [5], dtypes=["string"])
        for extra in (
            {"num_bins": 0},
            {"num_bins": -1},
            {"num_bins": None},
            {"mask_value": ""},
            {"salt": 3},
            {"salt": [1, 2]},
            {"salt": [1, 2, 3]},
            {"output_mode": "nope"},
            {"sparse": True},
            {"sparse": True, "output_mode": "one_hot"},
        )
    ],
    case("Hashing", {"num_bins": 6}, [5]),
    *[
        case("HashedCrossing", {"num_bins": 6, **mode}, *shapes, dtypes=["int64"] * len(shapes))
        for mode, shapes in product(
            ({}, {"output_mode": "one_hot"}, {"output_mode": "nope"}, {"sparse": True}),
            ([[], []], [[1], [1]], [[1], [1], [1]], [[5], [5]], [[1], []], [[1], [5]], [[1]], [[None], [None]]),
        )
    ],
    case("HashedCrossing", {"num_bins": 6}, [1], [1], dtypes=["string", "int64"]),
    case("HashedCrossing", {"num_bins": 6}, [1], [1]),
    case("HashedCrossing", {"num_bins": 0}, [1], [1], dtypes=["int64", "int64"]),
]

VOCABULARY = {"vocabulary": ["a", "b", "c"]}
TEXT: list[Case] = [
    *[
        case("TextVectorization", {**VOCABULARY, **mode}, shape, dtypes=["string"])
        for mode, shape in product(
            (
                {},
                {"output_sequence_length": 4},
                {"output_mode": "multi_hot"},
                {"output_mode": "count"},
                {"output_mode": "multi_hot", "pad_to_max_tokens": True, "max_tokens": 20},
            ),
            ([], [1], [5], [None], [4, 3]),
        )
    ],
    *[
        case("TextVectorization", {**VOCABULARY, **extra}, [1], dtypes=["string"])
        for extra in (
            {"split": None},
            {"split": "character"},
            {"split": "nope"},
            {"split": None, "output_mode": "multi_hot"},
            {"standardize": None},
            {"standardize": "lower"},
            {"standardize": "nope"},
            {"ngrams": 2},
            {"ngrams": 0},
            {"ngrams": [1, 3]},
            {"output_mode": "nope"},
            {"output_mode": "tf_idf", "idf_weights": [0.1, 0.2, 0.3]},
            {"output_mode": "tf_idf"},
            {"output_sequence_length": 0},
            {"output_sequence_length": -1},
            {"output_mode": "multi_hot", "output_sequence_length": 4},
            {"max_tokens": 10},
            {"max_tokens": 1},
            {"max_tokens": 3},
            {"ragged": True},
            {"ragged": True, "output_mode": "count"},
            {"sparse": True},
            {"vocabulary": []},
            {"pad_to_max_tokens": True},
        )
    ],
    *[
        case("TextVectorization", {"max_tokens": 10, **mode}, [1], dtypes=["string"])
        for mode in ({}, {"output_mode": "multi_hot"}, {"output_mode": "multi_hot", "pad_to_max_tokens": True})
    ],
    case("TextVectorization", VOCABULARY, [1]),
]

CASES = [*MEL, *STFT, *ENCODING, *DISCRETIZATION, *LOOKUP, *HASHING, *TEXT]
