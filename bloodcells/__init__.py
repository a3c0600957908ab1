"""bloodcells: reproducible, tracked experiments on classifying blood cells from images."""
