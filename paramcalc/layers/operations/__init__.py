"""Shape rules of bare operations: Keras and TensorFlow functions that are nodes of a graph, as layers are."""
