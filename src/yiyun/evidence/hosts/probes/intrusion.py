"""The sensor that looks for attacks in passing traffic: Suricata."""

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, number, pairs, part

_COMMAND = r"""
echo '== now'; date +%s
echo '== unit'; systemctl show --property=LoadState,ActiveState,UnitFileState suricata.service || exit 4
echo '== records'; [ -s /var/log/suricata/eve.json ] && stat -c %Y /var/log/suricata/eve.json
echo '== signatures'; for file in /var/lib/suricata/rules/*.rules /etc/suricata/rules/*.rules; do [ -s "$file" ] && stat -c %Y "$file"; done
true
"""


def parse(text: str) -> Facts:
    """`sensor`: None where there is none, else `active`, `at_boot`, days since its newest signatures and its last record (None: there are none)."""
    parts = blocks(text)
    unit = pairs(part(parts, "unit"), "=")
    if set(unit) != {"LoadState", "ActiveState", "UnitFileState"}:
        raise Unreadable("systemctl leaves out what was asked for")
    if unit["LoadState"] == "not-found":
        return {"sensor": None}
    now = number(part(parts, "now"), "the time")

    def age(name: str) -> int | None:
        times = [number(line, "the time of a file") for line in lines(part(parts, name))]
        return (now - max(times)) // 86400 if times else None

    return {
        "sensor": {
            "active": unit["ActiveState"] == "active",
            "at_boot": unit["UnitFileState"] in ("enabled", "enabled-runtime"),
            "signature_days": age("signatures"),
            "record_days": age("records"),
        }
    }


PROBE = Probe(_COMMAND, parse)
