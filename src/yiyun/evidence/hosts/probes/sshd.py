"""The SSH server that runs, asked what its files and its command line make of each login.

A `Match` block counts for those whom it names: where there is one, every account with a shell is asked about. Blocks
with conditions on addresses and the like stay open (`conditions`): nobody knows from here who comes from where.
"""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, number, part

MOST_LOGINS = 40
_COMMAND = r"""
state=$(systemctl show --property=MainPID,StateChangeTimestampMonotonic -- ssh.service sshd.service)
set -- $(printf '%s\n' "$state" | awk 'BEGIN { RS = ""; FS = "[=\n]" } { for (i = 1; i < NF; i += 2) said[$i] = $(i + 1)
  if (said["MainPID"] + 0) { print said["MainPID"], said["StateChangeTimestampMonotonic"]; exit } }')
pid=$1 changed=$2
[ "${pid:-0}" != 0 ] || exit 3
set -f
config=/etc/ssh/sshd_config; options=; before=
for word in $(tr '\0' ' ' <"/proc/$pid/cmdline"); do
  case $before in
  -f) config=$word; options="$options -f $word"; before=; continue ;;
  -o) options="$options -o $word"; before=; continue ;;
  esac
  case $word in
  -f?*) config=${word#-f}; options="$options $word" ;;
  -o?*) options="$options $word" ;;
  esac
  before=$word
done
seen=; todo=$config
while [ -n "$todo" ]; do
  set +f; set -- $todo; set -f
  todo=
  for file in "$@"; do
    case " $seen " in *" $file "*) continue ;; esac
    [ -f "$file" ] || continue
    seen="$seen $file"
    for more in $(sed -n 's/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]*//p' "$file"); do
      case $more in /*) ;; *) more=/etc/ssh/$more ;; esac
      todo="$todo $more"
    done
  done
done
echo "== match"; grep -ihE '^[[:space:]]*match[[:space:]=]' $seen
echo "== read"
echo "now $(date +%s%N) $(cut -d ' ' -f 1 /proc/uptime) $changed"
stat -c '%.9Z %n' $seen $(for file in $seen; do echo "${file%/*}"; done | grep -v '^/etc/ssh$' | sort -u)
logins=root
if grep -iqE '^[[:space:]]*match[[:space:]=]' $seen; then
  logins="root $(getent passwd | awk -F: '$7 !~ /(nologin|false|sync|shutdown|halt)$/ && $1 != "root" { print $1 }' | head -n LIMIT | tr '\n' ' ')"
fi
for login in $logins; do
  echo "== login $login"
  /usr/sbin/sshd -T $options -C "user=$login,host=client.invalid,addr=192.0.2.1,laddr=192.0.2.2,lport=22" || exit 4
done
""".replace("LIMIT", str(MOST_LOGINS))
_DECIDED = {"all", "user", "group"}
SLACK_SECONDS = 0.02
"""The uptime that ties the times of units to those of files has hundredths of a second."""


def parse(text: str) -> Facts:
    """`logins`: by account, the values of each keyword; `conditions`: open Match blocks; `stale`: a file not yet read."""
    parts = blocks(text)
    logins = {
        name.removeprefix("login "): _settings(shown) for name, shown in parts.items() if name.startswith("login ")
    }
    if "root" not in logins:
        raise Unreadable("sshd shows nothing for root")
    if len(logins) > MOST_LOGINS:
        raise Unreadable(f"more than {MOST_LOGINS} accounts, and a Match block that may name any of them")
    return {
        "logins": logins,
        "conditions": [" ".join(line.split()) for line in lines(part(parts, "match")) if not _decided(line)],
        "stale": _stale(lines(part(parts, "read"))),
    }


def _settings(shown: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines(shown):
        key, _, value = line.strip().partition(" ")
        if not re.fullmatch(r"[a-z][a-z0-9]*", key):
            raise Unreadable("sshd -T prints a line that is no keyword")
        found.setdefault(key, []).append(value.strip())
    if not {"port", "permitrootlogin"} <= set(found):
        raise Unreadable("sshd -T ends early")
    return found


def _decided(line: str) -> bool:
    """Whether the accounts alone say whom a Match line is for."""
    words = re.split(r"[\s=]+", line.strip().lower())[1:]
    return set(words[::2]) <= _DECIDED or words == ["all"]


def _stale(read: list[str]) -> str | None:
    """The first file that has changed since the server last read its files."""
    match = re.fullmatch(r"now (\d+) (\d+\.\d+) (\d+)", read[0]) if read else None
    if match is None or len(read) < 2:
        raise Unreadable("the times of its files are missing")
    at = number(match[1], "the time") / 1e9 - float(match[2]) + number(match[3], "the time") / 1e6
    for line in read[1:]:
        changed, _, path = line.partition(" ")
        if float(changed) > at + SLACK_SECONDS:
            return path
    return None


PROBE = Probe(_COMMAND, parse)
