"""The class names of torch.nn, and the module of this package that defines each."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "linear": ("Linear", "TransposedLinear", "HeadLinear", "GroupedLinear", "Bilinear", "Identity"),
    "embedding": ("Embedding", "EmbeddingBag"),
    "convolution": ("Conv1d", "Conv2d", "Conv3d"),
    "transposed": ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
    "weight_norm": ("WeightNormConv1d", "WeightNormConvTranspose1d"),
    "recurrent": ("RNN", "LSTM", "GRU"),
    "recurrent_cells": ("RNNCell", "LSTMCell", "GRUCell"),
    "normalization": ("LayerNorm", "RMSNorm", "GroupNorm", "LocalResponseNorm", "CrossMapLRN2d"),
    "batch_norm": (
        "BatchNorm1d",
        "BatchNorm2d",
        "BatchNorm3d",
        "SyncBatchNorm",
        "FrozenBatchNorm2d",
        "InstanceNorm1d",
        "InstanceNorm2d",
        "InstanceNorm3d",
    ),
    "attention": ("MultiheadAttention",),
    "transformer": (
        "TransformerEncoderLayer",
        "TransformerDecoderLayer",
        "TransformerEncoder",
        "TransformerDecoder",
        "Transformer",
    ),
    "activation": (
        "CELU",
        "ELU",
        "GELU",
        "GLU",
        "Hardshrink",
        "Hardsigmoid",
        "Hardswish",
        "Hardtanh",
        "LeakyReLU",
        "LogSigmoid",
        "LogSoftmax",
        "Mish",
        "PReLU",
        "RReLU",
        "ReLU",
        "ReLU6",
        "SELU",
        "SiLU",
        "Sigmoid",
        "Softmax",
        "Softmax2d",
        "Softmin",
        "Softplus",
        "Softshrink",
        "Softsign",
        "Tanh",
        "Tanhshrink",
        "Threshold",
    ),
    "pooling": (
        "MaxPool1d",
        "MaxPool2d",
        "MaxPool3d",
        "AvgPool1d",
        "AvgPool2d",
        "AvgPool3d",
        "LPPool1d",
        "LPPool2d",
        "LPPool3d",
        "MaxUnpool1d",
        "MaxUnpool2d",
        "MaxUnpool3d",
    ),
    "adaptive": (
        "AdaptiveAvgPool1d",
        "AdaptiveAvgPool2d",
        "AdaptiveAvgPool3d",
        "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d",
        "AdaptiveMaxPool3d",
        "FractionalMaxPool2d",
        "FractionalMaxPool3d",
    ),
    "padding": tuple(
        f"{kind}Pad{rank}d"
        for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular")
        for rank in (1, 2, 3)
    ),
    "upsampling": (
        "Upsample",
        "UpsampleLike",
        "UpsamplingNearest2d",
        "UpsamplingBilinear2d",
        "PixelShuffle",
        "PixelUnshuffle",
        "ChannelShuffle",
    ),
    "reshaping": ("Flatten", "Unflatten", "Fold", "Unfold"),
    "dropout": ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"),
    "distance": ("CosineSimilarity", "PairwiseDistance"),
    "parameter": ("Parameter",),
    "functions": ("Add", "Mul", "Cat", "MatMul", "Permute", "Select", "Mean", "Slice"),
    "sequence": (
        "Activation",
        "Heads",
        "Split",
        "Cached",
        "Compressed",
        "Indexer",
        "Scores",
        "Attention",
        "SparseAttention",
    ),
    "tokens": ("Prepend", "MergeTokens", "Patches", "TokenConv2d", "TokenMap", "TokenMaps"),
    "blocks": ("BlockAttention", "BlockSums", "FillBlocks", "CutTokens"),
    "recurrence": ("CausalConv1d", "Recurrence"),
    "experts": ("Router", "Experts", "ExpertLinear", "ListedExperts"),
}
"""Family (a module of this package) → its classes, in the order that `paramcalc layers` lists them."""

ALIASES: dict[str, str] = {}
"""Aliases that PyTorch has for the same class: there are none."""

COUNTERPARTS: dict[str, str] = {
    "Dense": "Linear",
    "SimpleRNN": "RNN",
    "LayerNormalization": "LayerNorm",
    "RMSNormalization": "RMSNorm",
    "GroupNormalization": "GroupNorm",
    "BatchNormalization": "BatchNorm2d",
    "MultiHeadAttention": "MultiheadAttention",
    "Reshape": "Unflatten",
    "Concatenate": "Cat",
    "Multiply": "Mul",
    **{f"Conv{n}DTranspose": f"ConvTranspose{n}d" for n in (1, 2, 3)},
    **{f"MaxPooling{n}D": f"MaxPool{n}d" for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": f"AvgPool{n}d" for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": f"AdaptiveMaxPool{n}d" for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": f"AdaptiveAvgPool{n}d" for n in (1, 2, 3)},
    **{f"ZeroPadding{n}D": f"ZeroPad{n}d" for n in (1, 2, 3)},
    **{f"UpSampling{n}D": "Upsample" for n in (1, 2, 3)},
}
"""Another framework's name for a layer → the class for it here, if the names differ."""

FIELD_COUNTERPARTS: dict[str, tuple[str, ...]] = {
    "units": ("out_features", "hidden_size"),
    "filters": ("out_channels",),
    "input_dim": ("num_embeddings",),
    "output_dim": ("embedding_dim",),
    "strides": ("stride",),
    "pool_size": ("kernel_size",),
    "size": ("scale_factor",),
    "dilation_rate": ("dilation",),
    "use_bias": ("bias",),
    "rate": ("p",),
    "epsilon": ("eps",),
    "groups": ("num_groups",),
}
"""Another framework's name for a field → the names it may have here."""

NO_FIELDS: dict[str, str] = {
    "activation": "write the activation as a layer of its own, after this one",
    "recurrent_activation": "leave it out: it is always a sigmoid",
    "input_shape": "leave it out: the input says it",
    "data_format": "leave it out: channels come first",
    "return_sequences": "leave it out: the first output is the sequence, and Select takes a part of it",
    "return_state": "leave it out: the states are the second output",
    "kernel_initializer": "leave it out: it changes no count",
}
"""Fields that no layer here has or needs → what to do instead."""

KINDS: dict[str, str] = {
    **{f"BatchNorm{rank}d": "batch normalization" for rank in (1, 2, 3)},
    **dict.fromkeys(("SyncBatchNorm", "FrozenBatchNorm2d"), "batch normalization"),
    **dict.fromkeys(("TransposedLinear", "HeadLinear"), "dense"),
    "WeightNormConv1d": "conv1d",
    "Parameter": "parameter",
}
"""Class → kind of layer, for classes that comparisons with other frameworks cannot pair by name."""

STATISTICS = ("running_mean", "running_var")
"""The names of statistics in normalization layers."""

MODULES = ("torch", "nn")
"""Parts of the framework's Python module paths, as in `torch.nn.Linear`."""
