"""The names of Keras' layers: the module of this package that defines each class, and its aliases in Keras."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "core": ("Dense", "EinsumDense", "Embedding", "ReversibleEmbedding", "Masking", "Identity"),
    "normalization": (
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "UnitNormalization",
        "Normalization",
    ),
    "merging": (
        "Add",
        "Subtract",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "Dot",
    ),
    "activation": ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
    "regularization": (
        "Dropout",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "ActivityRegularization",
    ),
    "preprocessing": ("CategoryEncoding", "Discretization", "Hashing", "HashedCrossing", "Pipeline"),
    "lookup": ("StringLookup", "IntegerLookup", "TextVectorization"),
    "audio": ("MelSpectrogram", "STFTSpectrogram"),
    "image": ("Rescaling", "Resizing", "CenterCrop", "RandomCrop"),
    "augmentation": (
        "RandomBrightness",
        "RandomColorDegeneration",
        "RandomColorJitter",
        "RandomContrast",
        "RandomGaussianBlur",
        "RandomGrayscale",
        "RandomHue",
        "RandomInvert",
        "RandomPosterization",
        "RandomSaturation",
        "RandomSharpness",
        "Solarization",
        "AutoContrast",
        "Equalization",
        "ContrastLimitedAdaptiveHistogramEqualization",
    ),
    "augmentation_geometry": (
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "RandomShear",
        "RandomPerspective",
        "RandomElasticTransform",
        "RandomErasing",
        "CutMix",
        "MixUp",
        "AugMix",
        "RandAugment",
        "MaxNumBoundingBoxes",
    ),
    "applications": ("StochasticDepth", "LayerScale", "CustomScaleLayer"),
    "locally_connected": ("LocallyConnected1D", "LocallyConnected2D"),
    "legacy": (
        "ThresholdedReLU",
        "MaxoutDense",
        "Highway",
        "SReLU",
        "ParametricSoftplus",
        "RandomHeight",
        "RandomWidth",
        "RandomFourierFeatures",
    ),
    "convolutional": (
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "SeparableConv1D",
        "SeparableConv2D",
    ),
    "convolutional_transpose": ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
    "pooling": (
        "MaxPooling1D",
        "MaxPooling2D",
        "MaxPooling3D",
        "AveragePooling1D",
        "AveragePooling2D",
        "AveragePooling3D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "GlobalMaxPooling3D",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalAveragePooling3D",
        "AdaptiveMaxPooling1D",
        "AdaptiveMaxPooling2D",
        "AdaptiveMaxPooling3D",
        "AdaptiveAveragePooling1D",
        "AdaptiveAveragePooling2D",
        "AdaptiveAveragePooling3D",
    ),
    "reshaping": (
        "Flatten",
        "Reshape",
        "Permute",
        "RepeatVector",
        "Cropping1D",
        "Cropping2D",
        "Cropping3D",
        "ZeroPadding1D",
        "ZeroPadding2D",
        "ZeroPadding3D",
        "UpSampling1D",
        "UpSampling2D",
        "UpSampling3D",
    ),
    "recurrent": ("RNN", "SimpleRNN", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU"),
    "recurrent_cells": ("SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"),
    "conv_recurrent": ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
    "wrappers": ("Bidirectional", "TimeDistributed", "SpectralNormalization", "Wrapper"),
    "attention": ("MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention"),
}
"""Family (a module of this package) → its classes, in the order that `paramcalc layers` lists them."""

ALIASES: dict[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "DepthwiseConvolution1D": "DepthwiseConv1D",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
    "GroupedQueryAttention": "GroupQueryAttention",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    **{
        f"{where}{short}Pool{n}D": f"{where}{long}Pooling{n}D"
        for where in ("", "Global")
        for short, long in (("Max", "Max"), ("Avg", "Average"))
        for n in (1, 2, 3)
    },
}
"""Keras' aliases of the same class."""

COUNTERPARTS: dict[str, str] = {
    "Linear": "Dense",
    "LayerNorm": "LayerNormalization",
    "RMSNorm": "RMSNormalization",
    "GroupNorm": "GroupNormalization",
    "MultiheadAttention": "MultiHeadAttention",
    "Upsample": "UpSampling2D",
    "Unflatten": "Reshape",
    "Cat": "Concatenate",
    "Mul": "Multiply",
    **dict.fromkeys(("GELU", "SiLU", "SELU", "Sigmoid", "Tanh", "Mish", "Softplus", "LogSoftmax"), "Activation"),
    **{f"BatchNorm{n}d": "BatchNormalization" for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": f"Conv{n}DTranspose" for n in (1, 2, 3)},
    **{f"MaxPool{n}d": f"MaxPooling{n}D" for n in (1, 2, 3)},
    **{f"AvgPool{n}d": f"AveragePooling{n}D" for n in (1, 2, 3)},
    **{f"ZeroPad{n}d": f"ZeroPadding{n}D" for n in (1, 2, 3)},
}
"""Another framework's name for a layer → the class for it here, if the names differ."""

FIELD_COUNTERPARTS: dict[str, tuple[str, ...]] = {
    "out_features": ("units",),
    "hidden_size": ("units",),
    "out_channels": ("filters",),
    "num_embeddings": ("input_dim",),
    "embedding_dim": ("output_dim",),
    "stride": ("strides",),
    "kernel_size": ("pool_size", "size"),
    "dilation": ("dilation_rate",),
    "bias": ("use_bias",),
    "p": ("rate",),
    "eps": ("epsilon",),
    "num_groups": ("groups",),
    "negative_slope": ("negative_slope", "alpha"),
    "scale_factor": ("size",),
    "batch_first": (),
}
"""Another framework's name for a field → the names it may have here."""

NO_FIELDS: dict[str, str] = {
    **dict.fromkeys(
        ("in_features", "in_channels", "input_size", "num_features", "embed_dim", "normalized_shape", "input_shape"),
        "leave it out: the input says it",
    ),
    "num_layers": "write an entry for each layer, or use repeat",
    "bidirectional": "write Bidirectional around it",
}
"""Fields that no layer here has or needs → what to do instead."""

KINDS: dict[str, str] = {
    "BatchNormalization": "batch normalization",
    **{f"DepthwiseConv{rank}D": f"conv{rank}d" for rank in (1, 2)},
}
"""Class → kind of layer, for classes that comparisons with other frameworks cannot pair by name."""

STATISTICS = ("moving_mean", "moving_variance")
"""The names of statistics in normalization layers."""

MODULES = ("tf", "tensorflow", "keras", "layers")
"""Parts of the framework's Python module paths, as in `tf.keras.layers.Dense`."""
