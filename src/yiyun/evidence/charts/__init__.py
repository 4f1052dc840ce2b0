"""Helm charts among manifests: found, rendered by the real helm within bounds, and read as what they render to."""
