"""Test images distorted in named, seeded ways at graded severities, to see how a model does on what it never met.

After Hendrycks and Dietterich 2019 (arXiv:1903.12261). No code is shared with bloodcells.augmentation. The catalogue
says which training steps resemble which distortion: to do well on those is to have trained on the test, no robustness.
"""
