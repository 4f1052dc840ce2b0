"""Making bundles: one module per part, each says what belongs into the bundle and where it lies on this machine."""
