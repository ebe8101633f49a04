"""The network: its shape, its training, and what it says of patients; it knows tensors, not cohorts."""
