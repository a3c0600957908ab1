"""Preprocessing, backbone, pooling and head in one model; which of its layers train."""
