"""The packet filter as the kernel has it: every chain that sees what comes in."""

import json
from typing import Any

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines

# Only base chains at the hook `input`: on a node of a cluster the whole set of rules is megabytes long.
_COMMAND = r"""
if cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null | grep -qx filter; then echo '== legacy'; fi
command -v nft >/dev/null || { echo '== absent'; exit 0; }
nft list chains >/dev/null || exit 4
nft list chains | awk '/^table/ { table = $2 " " $3 } /^[ \t]*chain/ { chain = $2 } / hook input / { print table, chain }' |
while read -r family table chain; do echo "== $family $table $chain"; nft -j list chain "$family" "$table" "$chain" || exit 5; done || exit 5
"""
_CLOSING = ("drop", "reject")


def parse(text: str) -> Facts:
    """`input`: each chain with its families, whether it drops what no rule lets in, and what it lets in from anywhere."""
    parts = blocks(text)
    if "legacy" in parts:
        raise Unreadable("rules of the older iptables are loaded, which nft does not show")
    if "absent" in parts:
        return {"installed": False, "input": []}
    return {
        "installed": True,
        "input": [_chain(name, json.loads(shown)) for name, shown in parts.items() if lines(shown)],
    }


def _chain(name: str, shown: Any) -> dict[str, Any]:
    family = name.split()[0]
    policy, rules = None, []
    for item in shown["nftables"]:
        if "chain" in item:
            policy = item["chain"]["policy"]
        elif "rule" in item:
            rules.append(item["rule"]["expr"])
    if policy is None:
        raise Unreadable(f"nft does not show the chain {name}")
    opened: list[dict[str, Any]] = []
    jumps, stateful = 0, False
    closed = policy == "drop"
    for expressions in rules:
        matches = [each["match"] for each in expressions if "match" in each]
        stateful = stateful or any("established" in str(each["right"]) for each in matches if "ct" in each["left"])
        verdicts = [
            key for each in expressions for key in each if key in ("accept", *_CLOSING, "jump", "goto", "vmap", "xt")
        ]
        jumps += any(verdict in ("jump", "goto", "vmap", "xt") for verdict in verdicts)
        if not matches and "limit" not in str(expressions) and any(verdict in _CLOSING for verdict in verdicts):
            closed = True
            break
        if "accept" in verdicts and (found := _from_anywhere(matches)) is not None:
            opened.append(found)
    return {
        "name": name,
        "ipv4": family in ("inet", "ip"),
        "ipv6": family in ("inet", "ip6"),
        "closed": closed,
        "jumps": jumps,
        "stateful": stateful,
        "open": opened,
    }


def _from_anywhere(matches: list[Any]) -> dict[str, Any] | None:
    """Protocol and ports that a rule lets in whoever asks; None where it asks who it is, or what became of it before."""
    protocol, ports = "any", ["0-65535"]
    for match in matches:
        left = match["left"]
        payload = left.get("payload", {})
        if payload.get("field") in ("type", "code") or _narrows(match):
            return None
        if payload.get("field") == "saddr" or "ct" in left or "meta" in left:
            continue
        if payload.get("field") == "sport":
            return None
        if payload.get("field") == "dport" and match["op"] == "==":
            protocol, ports = payload["protocol"], _ports(match["right"])
    return {"protocol": protocol, "ports": ports}


def _narrows(match: Any) -> bool:
    """Whether a condition asks for some senders, some interfaces or connections that were let in before."""
    left, right = match["left"], match["right"]
    if left.get("payload", {}).get("field") == "saddr":
        everybody = isinstance(right, dict) and right.get("prefix", {}).get("len") == 0
        return bool(match["op"] == "==" and not everybody)
    if left.get("ct", {}).get("key") == "state":
        states = right if isinstance(right, list) else right.get("set", []) if isinstance(right, dict) else [right]
        return match["op"] in ("==", "in") and 0 < len({*states}) == len({*states} & {"established", "related"})
    if left.get("meta", {}).get("key") in ("iif", "iifname"):
        return bool(match["op"] == "==")
    return "ct" in left


def _ports(right: Any) -> list[str]:
    if isinstance(right, int):
        return [f"{right}-{right}"]
    if isinstance(right, dict) and "range" in right:
        return [f"{right['range'][0]}-{right['range'][1]}"]
    if isinstance(right, dict) and "set" in right:
        return [port for each in right["set"] for port in _ports(each)]
    raise Unreadable("nft shows ports in a form that yiyun does not know")


PROBE = Probe(_COMMAND, parse)
