"""Fixtures for all tests."""

import gc

import pytest
from crd_schemas import require_bundle
from hypothesis import settings
from shipped import SITES, site
from skips import pytest_make_collect_report, pytest_runtest_makereport  # noqa: F401  # hooks of pytest

# A busy machine is no mistake.
settings.register_profile("yiyun", deadline=None)
settings.load_profile("yiyun")


def pytest_collection_finish():
    """Thousands of collected tests live to the end: Python's garbage collector need not walk them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def crd_bundle():
    """Directory of the real CRDs; skips without one."""
    return require_bundle()


@pytest.fixture(scope="session")
def lab():
    """The shipped site `lab`."""
    return site("lab")


@pytest.fixture(scope="session")
def hospital():
    """The shipped site `hospital`."""
    return site("hospital")


@pytest.fixture(params=SITES)
def shipped(request):
    """Each shipped site in turn."""
    return site(request.param)


@pytest.fixture
def clean(tmp_path, monkeypatch):
    """Where a bundle may be made, with no tools, no cache and no state of this machine's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", "/nowhere")
    for name in ("YIYUN_BIN", "YIYUN_BUNDLE", "YIYUN_BUNDLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "bundle"
