"""RandAugment with the operations and magnitudes of keras-cv (https://github.com/keras-team/keras-cv).

`policy` draws operations and magnitudes, `apply` applies them: color operations are in `colors`, shears and
translations in `geometry`.
"""
