"""From bare hosts to a real cluster on hardened ones, as `./yiyun up --real` does it, without the stacks.

    .venv/bin/python benchmarks/up_real.py

Needs root. Boots the hosts of a copy of site `lab-real` (three control planes over three zones, three workers), adopts
and hardens them, makes the cluster, and shows that it works. Prints the seconds of each step and writes
benchmarks/results/up_real.json; exit 1 when the cluster takes longer to be ready than TARGET_SECONDS. All hosts share
this machine's cores with Ansible. No peer makes this cluster here: kubespray fetches what it installs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _recording import machine, write

from yiyun.errors import UserError
from yiyun.operations.hosts import bring_up
from yiyun.paths import CHECKOUT
from yiyun.site import Site

TARGET_SECONDS = 240.0
"""From hardened hosts to all nodes Ready."""


def main() -> int:
    """Measure once; exit 1 when the target is missed."""
    if os.geteuid() != 0:
        sys.exit("root is needed: the hosts are real ones in network namespaces")
    scratch = Path(tempfile.mkdtemp(prefix="yb-"))  # short: ssh makes sockets below it
    os.environ["XDG_STATE_HOME"] = str(scratch / "state")
    shutil.copytree(CHECKOUT / "inventories" / "lab-real", scratch / "lab-real")
    site = Site.load(scratch / "lab-real")
    load = os.getloadavg()
    try:
        shown = bring_up.up(site, lambda text: print(text, file=sys.stderr, flush=True))
    except UserError as error:
        sys.exit(str(error))
    finally:
        subprocess.run([CHECKOUT / "yiyun", "lab", "hosts", "down", "--site", site.path], check=True)
        shutil.rmtree(scratch)
    for each in shown:
        print(f"{each.seconds:7.1f} s  {each.what}: {each.seen}")
    ready = next(each.seconds for each in shown if "nodes ready" in each.seen)
    print(f"ready after {ready:.0f} s; target: {TARGET_SECONDS:.0f} s")
    result = {**machine(), "load_average": {"before": load, "after": os.getloadavg()}, "target_seconds": TARGET_SECONDS}
    steps = [{"what": each.what, "seen": each.seen, "seconds": round(each.seconds, 1)} for each in shown]
    write("up_real", {**result, "ready_seconds": round(ready, 1), "steps": steps})
    return 0 if ready <= TARGET_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
