"""Network cards and who is seen through them: what they lost, how busy they were, and who shares their networks."""

import re
from typing import Any

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, number, part

# `read` instead of cat: a node has hundreds of interfaces, and each cat is a process.
_COMMAND = r"""
value() { v=-; read -r v <"$1" 2>/dev/null; [ -n "$v" ] || v=-; }
echo '== uptime'; cut -d . -f 1 /proc/uptime
echo '== cards'
for link in /sys/class/net/*; do
  radio=no; if [ -e "$link/wireless" ] || [ -e "$link/phy80211" ]; then radio=yes; fi
  if [ ! -e "$link/device" ] && [ $radio = no ]; then continue; fi
  line="${link##*/} $radio"
  for name in operstate speed duplex; do value "$link/$name"; line="$line $v"; done
  for name in rx_bytes tx_bytes rx_packets tx_packets rx_missed_errors rx_fifo_errors tx_fifo_errors; do value "$link/statistics/$name"; line="$line $v"; done
  echo "$line"
done
echo '== queues'; cut -d ' ' -f 1,2 /proc/net/softnet_stat
echo '== tracked'
for name in count max; do value /proc/sys/net/netfilter/nf_conntrack_$name; echo "$name $v"; done
echo '== neighbours'; ip -4 neigh show || exit 4
echo '== gateways'; ip -4 route show default || exit 4
"""
_NEIGHBOUR = re.compile(
    r"(\d+(?:\.\d+){3}) dev (\S+)(?: lladdr ([0-9a-f:]+))?(?: .*)? (REACHABLE|STALE|DELAY|PROBE|PERMANENT|NOARP)\s*"
)


def parse(text: str) -> Facts:
    """`up_days`; `cards`; `packets`: since the start, `handled` and `dropped`; `tracked`: connections; `neighbours`; `gateways`."""
    parts = blocks(text)
    queues = [line.split() for line in lines(part(parts, "queues"))]
    tracked = dict(line.split(" ", 1) for line in lines(part(parts, "tracked")))
    if not queues or any(len(each) != 2 for each in queues) or set(tracked) != {"count", "max"}:
        raise Unreadable("the kernel's counters are not in their form")
    return {
        "up_days": number(part(parts, "uptime"), "the time since the start") // 86400,
        "cards": [_card(line.split()) for line in lines(part(parts, "cards"))],
        "packets": {
            "handled": sum(int(each[0], 16) for each in queues),
            "dropped": sum(int(each[1], 16) for each in queues),
        },
        "tracked": None if "-" in tracked.values() else {key: number(value, key) for key, value in tracked.items()},
        "neighbours": [
            {"address": found[1], "card": found[2], "hardware": found[3] or ""}
            for line in lines(part(parts, "neighbours"))
            if (found := _NEIGHBOUR.fullmatch(line))
        ],
        "gateways": re.findall(r"^default via (\d+(?:\.\d+){3})\b", part(parts, "gateways"), re.MULTILINE),
    }


def _card(words: list[str]) -> dict[str, Any]:
    if len(words) != 12:
        raise Unreadable("a network card without all of its counters")
    received, sent, packets_in, packets_out, *lost = (number(word, "a counter of a network card") for word in words[5:])
    return {
        "name": words[0],
        "wireless": words[1] == "yes",
        "up": words[2] == "up",
        "megabits": number(words[3], "a speed") if re.fullmatch(r"[1-9]\d*", words[3]) else None,
        "duplex": words[4],
        "busiest_bytes": max(received, sent),
        "packets": packets_in + packets_out,
        "lost": sum(lost),
    }


PROBE = Probe(_COMMAND, parse)
