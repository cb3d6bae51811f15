"""Keras' layers, one file a family, with Keras' field names and defaults."""
