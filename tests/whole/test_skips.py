"""A test that is skipped is a failure in CI, whatever skips it."""

import subprocess
import sys

import pytest

from yiyun.paths import CHECKOUT


@pytest.mark.parametrize("ci", [True, False])
@pytest.mark.parametrize(
    "text",
    ["import pytest; pytest.skip('moon', allow_module_level=True)", "import pytest\ndef test(): pytest.skip('moon')"],
)
def test_a_skipped_test_fails_in_ci(tmp_path, text, ci):
    (tmp_path / "test_it.py").write_text(f"{text}\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "skips", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT / "tests"), "CI": "true" if ci else ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("skipped, which is a failure where CI=true: Skipped: moon" in done.stdout) is ci, done.stdout
    assert ("1 skipped" in done.stdout) is not ci
    assert (done.returncode in (1, 2)) is ci
