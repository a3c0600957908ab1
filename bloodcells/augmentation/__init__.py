"""What is done to training images: a folder of steps, and `compose`, which puts the chosen ones in their order.

Every step of ours is a pure function of its input and a seed; the pipeline makes the seed from (seed, epoch, example).
"""
