"""The rules of role firewall: who is let in where, and that nobody else's rules are touched."""

import re

from role_promises import promised

from yiyun.paths import CHECKOUT
from yiyun.site import Site

CONTROL, STORAGE, OBJECT = "lab-az1-01", "lab-az1-02", "lab-az1-04"
FILE = "/etc/yiyun/firewall.nft"
LAB = Site.load(CHECKOUT / "inventories" / "lab")


def rules(host: str, **own: object) -> str:
    return promised("firewall", host, **own).contents[FILE]


def allowed(host: str, protocol: str, port: int, **own: object) -> list[str]:
    """Sources from which a port of a host is let in; `any` without a source."""
    found = []
    for sources, kind, ports in re.findall(
        r"^ +(?:ip saddr \{ (.*?) \} )?(tcp|udp) dport (.*?) accept$", rules(host, **own), re.MULTILINE
    ):
        for each in ports.strip("{} ").split(", "):
            first, _, last = each.partition("-")
            if kind == protocol and int(first) <= port <= int(last or first):
                found += sources.split(", ") if sources else ["any"]
    return found


def test_operators_and_hosts_reach_ssh_and_nobody_else() -> None:
    network = LAB.spec.network
    assert allowed(CONTROL, "tcp", 22) == [*map(str, network.operations), str(network.management)]


def test_ssh_follows_the_port_of_the_server() -> None:
    assert allowed(CONTROL, "tcp", 2222, sshd_port=2222)
    assert not allowed(CONTROL, "tcp", 22, sshd_port=2222)


def test_a_host_opens_what_its_roles_need() -> None:
    for port in (6443, 2379, 2380, 10257, 10259, 6641, 6642):
        assert allowed(CONTROL, "tcp", port), port
        assert not allowed(STORAGE, "tcp", port), port
    for port in (3300, 6789, 6800, 7568):
        assert allowed(STORAGE, "tcp", port), port
        assert allowed(OBJECT, "tcp", port), port
        assert not allowed(CONTROL, "tcp", port), port
    for host in (CONTROL, STORAGE, OBJECT):
        assert allowed(host, "tcp", 10250)
        assert allowed(host, "tcp", 30000) == allowed(host, "udp", 32767) == ["any"]
        for tunnel in (4789, 6081, 8472):
            assert allowed(host, "udp", tunnel) == [str(LAB.spec.network.management)]


def test_etcd_is_reached_from_hosts_only() -> None:
    assert allowed(CONTROL, "tcp", 2379) == [str(LAB.spec.network.management)]


def test_bgp_comes_from_the_leaf_switches_and_is_closed_without_any() -> None:
    peers = [str(peer.address) for peer in LAB.spec.network.bgp_peers]
    assert allowed(STORAGE, "tcp", 179) == peers
    networks = {"switches": [], "management": [], "operations": [], "pods": [], "storage": [], "anywhere": []}
    assert not allowed(STORAGE, "tcp", 179, firewall_networks=networks)


def test_a_site_s_own_rule_is_added() -> None:
    own = [{"name": "agent", "from": ["operations"], "protocol": "tcp", "ports": ["9999"], "roles": ["control"]}]
    assert allowed(CONTROL, "tcp", 9999, firewall_rules_site=own)
    assert not allowed(STORAGE, "tcp", 9999, firewall_rules_site=own)


def test_only_our_own_table_is_touched() -> None:
    """kube-proxy, the CNI and others keep their rules in tables of their own."""
    text = "\n".join(promised("firewall", CONTROL).contents.values())
    assert "flush" not in re.sub(r"#.*", "", text)
    assert set(re.findall(r"\btable (\w+ \w+)", re.sub(r"#.*", "", text))) == {"inet yiyun"}
    assert re.findall(r"hook (\w+)", text) == ["input", "input"]  # the rules, and those that were proven
    assert promised("firewall", CONTROL).contents[FILE].count("policy drop") == 1


def test_what_was_proven_is_what_is_loaded() -> None:
    contents = promised("firewall", CONTROL).contents
    assert contents[FILE] == contents["/etc/yiyun/firewall.proven.nft"]
