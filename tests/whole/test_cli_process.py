"""The command line in a process of its own."""

import subprocess
import sys

from yiyun.paths import CHECKOUT


def test_an_error_is_no_traceback_in_a_process_of_its_own():
    command = [sys.executable, "-m", "yiyun.cli.main", "gate", "--site", "/nowhere"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("yiyun: --site /nowhere")
