"""Everything that talks to MLflow: stores, live runs and stored runs."""
