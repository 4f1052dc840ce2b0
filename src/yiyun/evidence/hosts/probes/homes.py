"""Home directories of people, and the files in them that let others in."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, lines

# Accounts with a shell; of each what its home, its keys and its files of trust are like.
_COMMAND = r"""
getent passwd | awk -F: '$7 !~ /(nologin|false|sync|shutdown|halt)$/ { print $1 ":" $6 }' | head -n 200 | while IFS=: read -r name home; do
  for path in "$home" "$home/.ssh" "$home/.ssh/authorized_keys" "$home/.rhosts" "$home/.netrc" "$home/.shosts"; do
    found=absent; [ ! -e "$path" ] || found=$(stat -L -c '%f %U' -- "$path" 2>/dev/null) || found=absent
    echo "$name $found $path"
  done
done
"""
KINDS = {
    "": "home",
    "/.ssh": "keys_directory",
    "/.ssh/authorized_keys": "keys",
    "/.rhosts": "rhosts",
    "/.netrc": "netrc",
    "/.shosts": "shosts",
}
_LINE = re.compile(r"(?P<name>\S+) (?:absent|(?P<mode>[0-9a-f]+) (?P<owner>\S+)) (?P<path>/.*)")


def parse(text: str) -> Facts:
    """`people`: each with name, home, keys_directory, keys, rhosts, netrc and shosts: None, or owner and mode (number)."""
    people: dict[str, dict[str, object]] = {}
    shown = lines(text)
    if not shown or len(shown) % len(KINDS):
        raise Unreadable("not every account has its files")
    for index, line in enumerate(shown):
        match = _LINE.fullmatch(line)
        if match is None:
            raise Unreadable("a line that is no file of an account")
        kind = list(KINDS.values())[index % len(KINDS)]
        about: dict[str, object] | None = None
        if match["mode"]:
            about = {"owner": match["owner"], "mode": int(match["mode"], 16) & 0o7777, "path": match["path"]}
        people.setdefault(match["name"], {"name": match["name"]})[kind] = about
    return {"people": list(people.values())}


PROBE = Probe(_COMMAND, parse)
