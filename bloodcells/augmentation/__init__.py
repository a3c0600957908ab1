"""What is done to training images: a folder of steps, and `compose`, which puts the chosen ones in their order.

Every step of ours is a pure function of its images and of uniform numbers in [0, 1), a row for each image; the pipeline
draws the numbers from (seed, epoch, example).
"""
