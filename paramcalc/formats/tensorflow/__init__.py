"""TensorFlow's checkpoints and SavedModels: only their tables are read, never the values or the graph.

table.py        LevelDB tables, the format of an `.index`
bundle.py       the `.index` of a checkpoint → its tensors
saved_model.py  a SavedModel's folder: the architecture that Keras saved in it, and its variables
"""
