"""The model: preprocessing, backbone, pooling and head; which of its layers train; predictions and Grad-CAM."""
