"""Where paramcalc means to differ from Keras on the frozen facts: one refuses, the other does not.

Reason → the cases, as `difference` in test_keras_facts.py writes them. A case that no longer differs fails.
"""

GROUPED = '{"GroupQueryAttention": {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}} on '

DELIBERATE: dict[str, tuple[str, ...]] = {
    "4.0 is not an integer: Keras silently makes it an unknown dimension": (
        '{"Reshape": {"target_shape": [3, 4.0]}} on [[12]]',
    ),
    "one spelling of a field": (
        '{"Conv1D": {"filters": 8, "kernel_size": 3, "data_format": "CHANNELS_LAST"}} on [[10, 4]]',
    ),
    "an output of size zero": (
        '{"CenterCrop": {"height": 0, "width": 7}} on [[8, 9, 3]]',
        '{"CenterCrop": {"height": 5, "width": 0}} on [[8, 9, 3]]',
        '{"HashedCrossing": {"num_bins": 0}} on [[1], [1]]',
        '{"MelSpectrogram": {"fft_length": 0, "sequence_stride": 160}} on [[16000]]',
        '{"MelSpectrogram": {"fft_length": -4, "sequence_stride": 160}} on [[16000]]',
        '{"MelSpectrogram": {"fft_length": 512, "sequence_stride": 160, "sequence_length": 0}} on [[16000]]',
        '{"MelSpectrogram": {"fft_length": 512, "sequence_stride": 160, "num_mel_bins": 0}} on [[16000]]',
        '{"RandomCrop": {"height": 0, "width": 7}} on [[8, 9, 3]]',
        '{"Resizing": {"height": 0, "width": 7}} on [[8, 9, 3]]',
        '{"Resizing": {"height": 5, "width": 0}} on [[8, 9, 3]]',
        '{"EinsumDense": {"equation": "ab,bc->ac", "output_shape": 0, "bias_axes": "c"}} on [[32]]',
        '{"AdaptiveAveragePooling1D": {"output_size": 0}} on [[10, 4]]',
        '{"AdaptiveAveragePooling2D": {"output_size": 0}} on [[9, 8, 4]]',
        '{"AdaptiveAveragePooling2D": {"output_size": [2, 0]}} on [[9, 8, 4]]',
        '{"AdaptiveAveragePooling3D": {"output_size": 0}} on [[5, 5, 5, 4]]',
        '{"AdaptiveMaxPooling1D": {"output_size": 0}} on [[10, 4]]',
        '{"AdaptiveMaxPooling2D": {"output_size": 0}} on [[9, 8, 4]]',
        '{"AdaptiveMaxPooling2D": {"output_size": [2, 0]}} on [[9, 8, 4]]',
        '{"AdaptiveMaxPooling3D": {"output_size": 0}} on [[5, 5, 5, 4]]',
        '{"ConvLSTM1D": {"filters": 0, "kernel_size": 3}} on [[4, 9, 2]]',
        '{"ConvLSTM2D": {"filters": 0, "kernel_size": 3}} on [[4, 9, 8, 2]]',
        '{"GroupQueryAttention": {"head_dim": 4, "num_query_heads": 0, "num_key_value_heads": 2}} on [[5, 8]]',
        '{"MultiHeadAttention": {"num_heads": 2, "key_dim": 3, "output_shape": [0]}} on [[5, 8]]',
    ),
    "Keras gives a shape that is not what comes out when the layer runs, or running fails": (
        '{"CenterCrop": {"height": null, "width": 7}} on [[8, 9, 3]]',
        '{"RandomCrop": {"height": null, "width": 7}} on [[8, 9, 3]]',
        '{"Resizing": {"height": null, "width": 7}} on [[8, 9, 3]]',
        '{"AdaptiveAveragePooling1D": {"output_size": 3}} on [[10]]',
        '{"AdaptiveAveragePooling1D": {"output_size": 3}} on [[2, 10, 4]]',
        '{"AdaptiveAveragePooling2D": {"output_size": 3}} on [[9, 8]]',
        '{"AdaptiveAveragePooling2D": {"output_size": [null, 3]}} on [[9, 8, 4]]',
        '{"AdaptiveMaxPooling1D": {"output_size": 3}} on [[10]]',
        '{"AdaptiveMaxPooling1D": {"output_size": 3}} on [[2, 10, 4]]',
        '{"AdaptiveMaxPooling2D": {"output_size": 3}} on [[9, 8]]',
        '{"AdaptiveMaxPooling2D": {"output_size": [null, 3]}} on [[9, 8, 4]]',
        '{"UpSampling2D": {"interpolation": "nope"}} on [[5, 6, 4]]',
        '{"ZeroPadding2D": {"padding": -1}} on [[10, 9, 4]]',
        '{"ZeroPadding3D": {"padding": -1}} on [[8, 8, 8, 4]]',
    ),
    "Keras takes the time axis of an input of rank 4 for its features, and no such layer can run": (
        GROUPED + "[[3, 5, 8]]",
        GROUPED + "[[3, 5, 8], [3, 7, 8]]",
        GROUPED + "[[3, 5, 8], [4, 7, 8]]",
        GROUPED + "[[5, 8], [3, 7, 8]]",
    ),
    "a number of iterations that is not whole": (
        '{"SpectralNormalization": {"layer": {"Dense": {"units": 4}}, "power_iterations": 1.5}} on [[3]]',
    ),
    "a file of an adapted layer has both, and Keras reads that": (
        '{"Discretization": {"bin_boundaries": [0.0, 1.0], "num_bins": 3}} on [[5]]',
    ),
    "Keras refuses it in a functional model only: a Sequential one holds it": (
        '{"Equalization": {}} on [[8, 9, 3]]',
        '{"Equalization": {}} on [[null, null, 3]]',
        '{"Equalization": {}} on [[8, 9, 1]]',
        '{"Equalization": {}} on [[8, 9]]',
        '{"Equalization": {}} on [[9]]',
        '{"Equalization": {}} on [[8, 9, 4, 3]]',
        '{"Equalization": {}} on [[3, 8, 9]]',
        '{"Equalization": {"trainable": false}} on [[8, 9, 3]]',
        '{"Equalization": {"bins": 16}} on [[8, 9, 3]]',
        '{"Equalization": {"bins": 0}} on [[8, 9, 3]]',
        '{"Equalization": {"value_range": [0, 1]}} on [[8, 9, 3]]',
        '{"Equalization": {"data_format": "channels_first"}} on [[3, 8, 9]]',
        '{"Equalization": {"data_format": "channels_first"}} on [[8, 9, 3]]',
    ),
    "text where a number belongs": ('{"MixUp": {"alpha": "a"}} on [[8, 9, 3]]',),
    "the names of windows are SciPy's": ('{"STFTSpectrogram": {"frame_length": 64, "window": "nope"}} on [[1000, 1]]',),
    "Keras wants a tuple, which a file can only write as a list": (
        '{"TextVectorization": {"vocabulary": ["a", "b", "c"], "ngrams": [1, 3]}} on [[1]]',
    ),
}
