"""The packet filter: what the kernel holds, not what lies in /etc/nftables.conf.

The real nft loads the files in a network namespace, where `then` changes what is loaded.
"""

import json

from effective.case import Case, Side, said

CONF = "/etc/nftables.conf"
CLOSED = """\
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    ip saddr 192.0.2.0/24 tcp dport 22 accept
  }
}
"""
OPEN = CLOSED.replace("policy drop", "policy accept")
LOAD = f"nft --file {CONF}"


def _nft(*changes: tuple[str, str], name: str = "inet filter input") -> str:
    """What the probe says of CLOSED, with parts exchanged."""
    text = json.dumps(
        {
            "nftables": [
                {"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
                {
                    "chain": {
                        "family": "inet",
                        "table": "filter",
                        "name": "input",
                        "handle": 1,
                        "type": "filter",
                        "hook": "input",
                        "prio": 0,
                        "policy": "drop",
                    }
                },
                _rule(
                    2, {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}
                ),
                _rule(3, {"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "lo"}}),
                _rule(
                    4,
                    {
                        "match": {
                            "op": "==",
                            "left": {"payload": {"protocol": "ip", "field": "saddr"}},
                            "right": {"prefix": {"addr": "192.0.2.0", "len": 24}},
                        }
                    },
                    {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}},
                ),
            ]
        }
    )
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return f"== {name}\n{text}\n"


def _rule(handle: int, *matches: object) -> dict[str, object]:
    return {
        "rule": {
            "family": "inet",
            "table": "filter",
            "chain": "input",
            "handle": handle,
            "expr": [*matches, {"accept": None}],
        }
    }


SADDR = '{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "192.0.2.0", "len": 24}}}}, '
STATE = '{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}'
ANY_PORT = '{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}'
FLUSH = "nft flush ruleset"


def _replaced(line: str, new: str) -> str:
    assert CLOSED.count(line) == 1
    return f"nft flush ruleset; printf '%s' '{CLOSED.replace(line, new)}' | nft --file -"


CASES = [
    Case(
        "firewall_closed",
        "policy of the input chain",
        "drops IPv4",
        # The file was never loaded, or flushed since.
        looks_right=Side({CONF: CLOSED}, {"firewall": ""}, then=f"{LOAD}; {FLUSH}"),
        looks_wrong=Side(
            {CONF: OPEN}, {"firewall": _nft()}, then=f"{LOAD}; nft chain inet filter input '{{ policy drop; }}'"
        ),
        programs="nft",
    ),
    Case(
        "firewall_stateful",
        "ct state established",
        "",
        looks_right=Side(
            {CONF: CLOSED},
            {"firewall": _nft((STATE, '{"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "host0"}}'))},
            then=_replaced("ct state established,related accept", "iif host0 accept"),
        ),
        looks_wrong=Side(
            {CONF: CLOSED.replace("    ct state established,related accept\n", "")},
            {"firewall": _nft()},
            then=f"{LOAD}; nft insert rule inet filter input ct state established,related accept",
        ),
        programs="nft",
    ),
    Case(
        "firewall_administration",
        "who reaches port 22",
        "port 22 is open to any address",
        looks_right=Side({CONF: CLOSED}, {"firewall": _nft((SADDR, ""))}, then=_replaced("ip saddr 192.0.2.0/24 ", "")),
        looks_wrong=Side(
            {CONF: CLOSED.replace("ip saddr 192.0.2.0/24 ", "")},
            {"firewall": _nft()},
            then=_replaced("ip saddr 192.0.2.0/24 ", "ip saddr 192.0.2.0/24 "),
        ),
        programs="nft",
    ),
    Case(
        "firewall_administration",
        "port 22 for new connections",
        "port 22 is open to any address",
        looks_right=Side(
            {CONF: CLOSED},
            {"firewall": _nft((SADDR, '{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}, '))},
            then=_replaced("ip saddr 192.0.2.0/24 ", "ct state new "),
        ),
        looks_wrong=Side(
            {CONF: CLOSED.replace("ip saddr 192.0.2.0/24 ", "ct state new ")},
            {"firewall": _nft()},
            then=_replaced("iif lo accept", "iif lo accept"),
        ),
        programs="nft",
    ),
    Case(
        "firewall_administration",
        "port 22 for all but one network",
        "port 22 is open to any address",
        looks_right=Side(
            {CONF: CLOSED},
            {
                "firewall": _nft(
                    (
                        SADDR,
                        '{"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "192.0.2.0", "len": 24}}}}, ',
                    )
                )
            },
            then=_replaced("ip saddr 192.0.2.0/24 ", "ip saddr != 192.0.2.0/24 "),
        ),
        looks_wrong=Side(
            {CONF: CLOSED.replace("ip saddr 192.0.2.0/24 ", "ip saddr != 192.0.2.0/24 ")},
            {"firewall": _nft()},
            then=_replaced("iif lo accept", "iif lo accept"),
        ),
        programs="nft",
    ),
    Case(
        "firewall_not_everything",
        "how many ports are open to anybody",
        "65535 ports of tcp",
        looks_right=Side(
            {CONF: CLOSED},
            {
                "firewall": _nft(
                    (SADDR, ""), (ANY_PORT, ANY_PORT.replace('"right": 22', '"right": {"range": [1, 65535]}'))
                )
            },
            then=_replaced("ip saddr 192.0.2.0/24 tcp dport 22", "tcp dport 1-65535"),
        ),
        looks_wrong=Side(
            {CONF: CLOSED.replace("ip saddr 192.0.2.0/24 tcp dport 22", "tcp dport 1-65535")},
            {"firewall": _nft()},
            then=_replaced("iif lo accept", "iif lo accept"),
        ),
        programs="nft",
    ),
]
assert said("firewall").startswith("== inet yiyun input\n{"), "the form of what the probe says has changed"
