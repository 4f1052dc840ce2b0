"""Fixtures for all tests."""

import pytest
from crd_schemas import require_bundle


@pytest.fixture(scope="session")
def crd_bundle():
    """Directory of the real CRDs; skips without one, fails without one in CI."""
    return require_bundle()
