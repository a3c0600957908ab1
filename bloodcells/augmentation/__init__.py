"""Augmentation of training images: `steps` has the steps and their settings, `compose` applies the chosen ones."""
