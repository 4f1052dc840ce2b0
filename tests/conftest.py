"""Fixtures for all tests."""

import pytest
from crd_schemas import require_bundle

from yiyun.paths import CHECKOUT
from yiyun.site import Site


@pytest.fixture(scope="session")
def crd_bundle():
    """Directory of the real CRDs; skips without one, fails without one in CI."""
    return require_bundle()


@pytest.fixture(scope="session")
def lab():
    """The shipped site `lab`."""
    return Site.load(CHECKOUT / "inventories" / "lab")


@pytest.fixture(scope="session")
def hospital():
    """The shipped site `hospital`."""
    return Site.load(CHECKOUT / "inventories" / "hospital")


@pytest.fixture(params=["lab", "hospital"])
def shipped(request):
    """Each shipped site in turn."""
    return request.getfixturevalue(request.param)
