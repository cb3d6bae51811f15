"""Keras' layers, one module per family, with Keras' field names and defaults."""
