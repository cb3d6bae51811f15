"""Rarer operations: images, signals, statistics, linear algebra."""

from tests.oracle.operation_table import Case, case, each, tensor, vary

IMAGE, ONE_IMAGE = [None, 9, 8, 3], [9, 8, 3]

IMAGES = vary("Resize", IMAGE, ONE_IMAGE, [2, 5, 9, 8, 3], [9, 8], size=([4, 5], [1, 1], 4, [4], [4, 5, 6]))
IMAGES += vary("Resize", [2, 3, 9, 8], [3, 9, 8], base={"data_format": "channels_first"}, size=([4, 5],))
IMAGES += each("RGBToGrayscale", (IMAGE,), (ONE_IMAGE,), ([9, 8, 1],), ([None, None, 8, 3],), ([8, 3],))
IMAGES += [case("RGBToGrayscale", [2, 3, 9, 8], data_format="channels_first")]
_SIDES = (
    {"top": 1, "bottom": 2, "left": 3, "right": 1}, {"top": 1, "left": 3}, {"bottom": 1, "right": 2},
    {"top": 0, "bottom": 0, "left": 0, "right": 0}, {},
)  # fmt: skip
for _name, _what, _target in (("PadImages", "padding", (12, 13)), ("CropImages", "cropping", (5, 4))):
    for _sides in _SIDES:
        _config = {f"{side}_{_what}": value for side, value in _sides.items()}
        _sized = {**_config, "target_height": _target[0], "target_width": _target[1]}
        IMAGES += [case(_name, shape, **_config) for shape in (IMAGE, ONE_IMAGE, [None, None, 8, 3])]
        IMAGES += [case(_name, shape, **_sized) for shape in (IMAGE, ONE_IMAGE, [None, None, 8, 3], [9, 8])]
        IMAGES += [case(_name, [2, 3, 9, 8], **_sized, data_format="channels_first")]
        IMAGES += [case(_name, [2, 3, 9, 8], **_config, data_format="channels_first")]
for _size in (3, [3, 2], [3], [2, 2, 2]):
    for _padding in ("valid", "same"):
        IMAGES += [
            case("ExtractPatches", IMAGE, size=_size, padding=_padding),
            case("ExtractPatches", ONE_IMAGE, size=_size, padding=_padding),
            case("ExtractPatches", IMAGE, size=_size, strides=2, padding=_padding),
            case("ExtractPatches", IMAGE, size=_size, strides=1, dilation_rate=2, padding=_padding),
            case("ExtractPatches", [2, 3, 9, 8], size=_size, padding=_padding, data_format="channels_first"),
            case("ExtractPatches", [None, 6, 9, 8, 3], size=_size, padding=_padding),
        ]
for _name in ("DepthToSpace", "SpaceToDepth"):
    IMAGES += vary(_name, [None, 4, 6, 8], [2, 4, 6, 8], [None, None, 6, 8], [4, 6, 8], block_size=(2, 1, 3, 0, -2))
    IMAGES += vary(_name, [2, 8, 4, 6], base={"data_format": "channels_first"}, block_size=(2,))
IMAGES += each("PSNR", ([None, 9, 8, 3], [None, 9, 8, 3]), ([9, 8], [9, 8]), ([9, 8], [9, 7]), max_val=1.0)

SIGNALS = vary("ExtractSequences", [None, 100], [100], [2, None], base={"sequence_stride": 10}, sequence_length=(20, 7))
SIGNALS += vary("ExtractSequences", [None, 100], base={"sequence_length": 20}, sequence_stride=(3, 100))
for _center in (True, False):
    SIGNALS += vary(
        "STFT", [None, 100], [100], [2, None],
        base={"sequence_length": 16, "sequence_stride": 5, "center": _center}, fft_length=(16, 32, 21),
    )  # fmt: skip
SIGNALS += vary("RFFT", [None, 16], [15], [2, None], fft_length=(None, 8, 9, 32))
SIGNALS += [case("FFT", a, b, args=[[tensor(0), tensor(1)]]) for a, b in (([None, 8], [None, 8]), ([8], [8]))]
SIGNALS += [
    case(name, a, b, args=[[tensor(0), tensor(1)]])
    for name in ("FFT2", "IFFT2")
    for a, b in (([None, 8, 8], [None, 8, 8]), ([4, 8], [4, 8]), ([8], [8]), ([4, 8], [4, 9]))
]

STATISTICS = [
    case("SearchSorted", [5], [None, 3]), case("SearchSorted", [5], []), case("SearchSorted", [2, 5], [2, 3]),
    case("Digitize", [None, 3], [4]), case("Digitize", [2, 3], args=[tensor(0), [0.0, 1.0]]),
    case("Digitize", [2, 3], [4, 4]),
    case("IsIn", [None, 3], [5]), case("IsIn", [2, 3], [5, 6]), case("IsIn", [None, 3], args=[tensor(0), [1.0, 2.0]]),
    case("InTopK", [None], [None, 5], types="i", k=2), case("InTopK", [3], [3, 5], types="i", k=2),
    *each("CategoricalCrossentropy", ([None, 5], [None, 5]), ([2, 3, 5], [2, 3, 5]), ([2, 5], [2, 6])),
    *each("CategoricalCrossentropy", ([2, 3, 5], [2, 3, 5]), axis=1),
    *each("CategoricalCrossentropy", ([2, 3, 5], [2, 3, 5]), axis=2),
    *each("SparseCategoricalCrossentropy", ([None], [None, 5]), ([2, 3], [2, 3, 5]), ([2, 1], [2, 5]), ([3], [2, 5]),
          types="i"),
    *each("Size", ([None, 3],), ([2, 3, 4],), ([],)),
    *each("Logdet Det", ([None, 3, 3],), ([4, 4],), ([2, 5, 3, 3],), ([5],)),
    *[case(name, [None, 3], [None], types="fi", num_segments=count)
      for name in ("SegmentSum", "SegmentMax", "SegmentMin", "SegmentProd") for count in (None, 5)],
    case("SegmentSum", [6, 3, 2], [6], types="fi", num_segments=4), case("SegmentSum", [6], [6], types="fi"),
]  # fmt: skip
for _axis in (0, -1, 1, 3):
    STATISTICS += each(
        "Linspace Logspace Geomspace", ([None, 3], [None, 3]), ([], []), ([2, 3], [3]), num=7, axis=_axis
    )
STATISTICS += each("Linspace Logspace Geomspace", ([2, 3], [2, 3]), ([2, 3], [2, 4]))
STATISTICS += [
    case("Scatter", [4, 1], [4], types="i", shape=[8]),
    case("Scatter", [4, 2], [4], types="i", shape=[8, 3]),
    case("Scatter", [4, 1], [4, 3], types="i", shape=[8, 3]),
]

CASES: list[Case] = IMAGES + SIGNALS + STATISTICS
