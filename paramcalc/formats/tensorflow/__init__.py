"""TensorFlow's checkpoints and SavedModels: the tables of what is in them, never the values or the graph.

table.py        a table of LevelDB, which an `.index` is
bundle.py       the `.index` of a checkpoint → its tensors
saved_model.py  a SavedModel's folder: the architecture that Keras kept in it, and its variables
"""
