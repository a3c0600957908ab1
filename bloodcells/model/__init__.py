"""The model: backbones, heads and their assembly, weights, trainable layers, predictions and Grad-CAM."""
