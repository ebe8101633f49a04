"""The network: its shape, its training, and what it says of patients; it knows tensors, not cohorts.

Letters in a shape: ``B`` patients of a batch and ``P`` of a set, ``S`` sequences, ``N`` slices of each, ``H`` and ``W``
pixels, ``F`` features of a slice, ``C`` slice combinations, ``K`` grades.
"""
