"""Data: images are loaded or drawn, cleaned, split and batched. Only `pipeline` imports TensorFlow."""
