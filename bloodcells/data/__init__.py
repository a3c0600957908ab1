"""Images from an archive, a folder or drawn: loaded, cleaned, split, batched. Only `pipeline` imports TensorFlow."""
