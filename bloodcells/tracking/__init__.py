"""One MLflow run a training run: its config, fingerprints, epochs, figures, predictions and model."""
