"""From an archive, a folder or the drawing board to cleaned, split, batched images. No TensorFlow but in `pipeline`."""
