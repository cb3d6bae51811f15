"""Where paramcalc means to differ from Keras on the frozen facts: one refuses, the other does not.

Reason → the cases, as `difference` in test_keras_facts.py writes them. A case that no longer differs fails.
"""

DELIBERATE: dict[str, tuple[str, ...]] = {
    "4.0 is not an integer: Keras silently makes it an unknown dimension": (
        '{"Reshape": {"target_shape": [3, 4.0]}} on [[12]]',
    ),
    "one spelling of a field": (
        '{"Conv1D": {"filters": 8, "kernel_size": 3, "data_format": "CHANNELS_LAST"}} on [[10, 4]]',
    ),
    "an output of size zero": (
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
        '{"GroupQueryAttention": {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}} on [[3, 5, 8]]',
        '{"GroupQueryAttention": {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}} on [[3, 5, 8], [3, 7, 8]]',
        '{"GroupQueryAttention": {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}} on [[3, 5, 8], [4, 7, 8]]',
        '{"GroupQueryAttention": {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}} on [[5, 8], [3, 7, 8]]',
    ),
    "a number of iterations that is not whole": (
        '{"SpectralNormalization": {"layer": {"Dense": {"units": 4}}, "power_iterations": 1.5}} on [[3]]',
    ),
}
