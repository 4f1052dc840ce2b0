"""The script of role gateway_host, with an `ethtool` and an `ip` that show a card's recorded state."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from role_promises import ROLES, given

from yiyun.evidence.hosts.roles import Variables
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory

RINGS = """Ring parameters for lo:
Pre-set maximums:
RX:		4096
RX Mini:	n/a
TX:		4096
Current hardware settings:
RX:		{rx}
RX Mini:	n/a
TX:		4096
"""


@pytest.fixture
def script(tmp_path: Path):
    path = CHECKOUT / "inventories" / "lab"
    site, listed = Site.load(path), inventory.read(path / "hosts.yaml")
    role = ROLES["gateway_host"]

    def run(mode: str, cards: list[str], *, rx: int = 4096, lro: str = "off", address: str = "") -> list[str]:
        known = given(site, "lab-az1-02", "debian-12", []) | {"gateway_host_cards": cards}
        lookup = Variables(role, listed.hosts["lab-az1-02"].variables, known)
        text = role.templates.file("yiyun-gateway-nics.j2", lookup)
        (tmp_path / "rings").write_text(RINGS.format(rx=rx))
        (tmp_path / "done").write_text("")
        (tmp_path / "ethtool").write_text(
            f'#!/bin/sh\ncase $1 in --show-ring) cat {tmp_path}/rings ;; --show-features) echo "large-receive-offload: {lro}" ;;'
            f' *) echo "ethtool $*" >>{tmp_path}/done ;; esac\n'
        )
        shown = f'echo "1: lo    inet {address} scope global lo"' if address else "true"
        (tmp_path / "ip").write_text(f"#!/bin/sh\n{shown}\n")
        for name in ("ethtool", "ip"):
            (tmp_path / name).chmod(0o755)
        path_of = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        argv = ["/bin/sh", "-c", text, "nics", mode]
        done = subprocess.run(argv, env=path_of, capture_output=True, text=True, timeout=20, check=True)
        return (done.stdout + (tmp_path / "done").read_text()).splitlines()

    return run


def test_a_good_card_is_left_alone(script) -> None:
    assert script("look", ["lo"]) == []
    assert script("set", ["lo"]) == []


def test_short_rings_are_named_and_mended(script) -> None:
    assert script("look", ["lo"], rx=512) == ["lo has shorter rings than it could: rx 4096 "]
    assert script("set", ["lo"], rx=512) == ["ethtool --set-ring lo rx 4096"]


def test_joined_packets_are_named_and_mended(script) -> None:
    assert script("look", ["lo"], lro="on") == ["lo puts received packets together (LRO)"]
    assert script("set", ["lo"], lro="on") == ["ethtool --features lo lro off"]


def test_what_a_person_must_mend_is_only_named(script) -> None:
    by_hand = ["nosuchcard is missing", "lo has the address 198.18.8.7/22 of this host"]
    assert script("look", ["nosuchcard", "lo"], address="198.18.8.7/22") == by_hand
    assert script("set", ["nosuchcard", "lo"], address="198.18.8.7/22") == []
    pattern = ROLES["gateway_host"].constants["gateway_host_by_hand"].node.value
    assert all(re.search(pattern, line) for line in by_hand)
