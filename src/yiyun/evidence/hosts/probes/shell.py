"""What a login shell gives everybody: the umask, and the time after which an idle prompt ends. Asked of a shell itself."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

# A home that does not exist: what root keeps in his own files is not what everybody gets. The umask that it begins with
# is one that nobody sets, so that a shell that leaves it alone is found out.
_UNTOUCHED = "0121"
_ASK = r"umask; ulimit -H -c; readonly -p | grep -E ' TMOUT=' || true; echo \"value \${TMOUT-}\""
_COMMAND = f"""
command -v bash >/dev/null || exit 3
umask {_UNTOUCHED}
for kind in login interactive; do
  echo "== $kind"
  case $kind in login) option=-lc ;; interactive) option=-ic ;; esac
  env -i HOME=/nonexistent USER=nobody LOGNAME=nobody PATH="$PATH" LC_ALL=C TERM=dumb bash $option "{_ASK}" || exit 4
done
"""


def parse(text: str) -> Facts:
    """`login`, `interactive`: umask (None: as it was before), hard limit of core dumps, seconds (None: no limit) and whether they are fixed."""
    parts = blocks(text)
    return {kind: _shell(lines(part(parts, kind))) for kind in ("login", "interactive")}


def _shell(shown: list[str]) -> dict[str, object]:
    if len(shown) < 3 or not re.fullmatch(r"[0-7]{3,4}", shown[0]) or not re.fullmatch(r"\d+|unlimited", shown[1]):
        raise Unreadable("a shell does not say its umask and limits")
    value = shown[-1].removeprefix("value").strip()
    if not shown[-1].startswith("value") or (value and not value.isdigit()):
        raise Unreadable("a shell says no number of seconds")
    return {
        "umask": None if shown[0] == _UNTOUCHED else int(shown[0], 8),
        "core_limit": None if shown[1] == "unlimited" else int(shown[1]),
        "idle_seconds": int(value) if value and int(value) else None,
        "fixed": any("TMOUT=" in line for line in shown[2:-1]),
    }


PROBE = Probe(_COMMAND, parse)
