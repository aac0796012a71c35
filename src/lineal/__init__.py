"""lineal: pipeline-aware lineage tracking for machine learning."""
