"""Augmentation of training images: `steps` defines the steps and their settings, `compose` applies the chosen ones."""
