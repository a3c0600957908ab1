"""Test images under named, seeded distortions at graded severities, to measure accuracy on images unlike training.

After Hendrycks and Dietterich 2019, arXiv:1903.12261. No code is shared with bloodcells.augmentation. The catalogue
lists which training steps resemble which distortion: accuracy under such a distortion is no evidence of robustness.
"""
