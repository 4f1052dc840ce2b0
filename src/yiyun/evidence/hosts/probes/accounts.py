"""Accounts and groups that the host knows, and of passwords their kind and age only."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, number, part

# Hashes never leave the host: of a password its scheme is printed, or that it is empty or locked. Names of people
# (the comment field) stay there too.
_COMMAND = r"""
scheme='function scheme(p) {
  if (p == "") return "empty"
  if (p ~ /^[!*]/) return "locked"
  if (p ~ /^\$[A-Za-z0-9-]+\$/) { split(p, piece, "$"); return piece[2] }
  return "des" }'
echo '== passwd'
getent passwd | awk -F: "$scheme"' { print $1 ":" ($2 == "x" ? "shadow" : scheme($2)) ":" $3 ":" $4 ":" $6 ":" $7 }' || exit 4
echo '== group'; getent group | awk -F: '{ print $1 ":" $3 ":" $4 }' || exit 4
echo '== shadow'
awk -F: "$scheme"' { print $1 ":" scheme($2) ":" $3 ":" $4 ":" $5 ":" $6 ":" $7 ":" $8 }' /etc/shadow || exit 4
echo '== today'; echo $(($(date +%s) / 86400))
"""
NO_LOGIN = re.compile(r".*/(nologin|false|sync|shutdown|halt)")
SCHEMES = {
    "1": "md5",
    "2a": "bcrypt",
    "2b": "bcrypt",
    "2y": "bcrypt",
    "5": "sha256",
    "6": "sha512",
    "7": "scrypt",
    "gy": "gost-yescrypt",
    "sm3": "sm3",
    "y": "yescrypt",
}


def parse(text: str) -> Facts:
    """`accounts`, `groups`: lists; `password` is locked, empty, none (no entry) or the scheme of its hash; ages in days."""
    parts = blocks(text)
    today = number(part(parts, "today"), "today")
    ages = {}
    for line in lines(part(parts, "shadow")):
        fields = line.split(":")
        if len(fields) != 8:
            raise Unreadable("a line of /etc/shadow has not 9 fields")
        ages[fields[0]] = fields
    accounts = [_account(line, ages, today) for line in lines(part(parts, "passwd"))]
    groups = [_group(line) for line in lines(part(parts, "group"))]
    if not any(account["name"] == "root" for account in accounts) or not groups:
        raise Unreadable("root, or every group, is missing")
    return {"accounts": accounts, "groups": groups}


def _account(line: str, ages: dict[str, list[str]], today: int) -> dict[str, object]:
    fields = line.split(":")
    if len(fields) != 6:
        raise Unreadable("a line of passwd has not 7 fields")
    name, kind, uid, gid, home, shell = fields
    age = ages.get(name)
    if kind == "shadow":
        kind = age[1] if age else "none"
    changed, least, most, _, idle, end = [_days(value) for value in (age or ["", "", *[""] * 6])[2:]]
    return {
        "name": name,
        "uid": number(uid, "a uid"),
        "gid": number(gid, "a gid"),
        "home": home,
        "shell": shell,
        "may_log_in": NO_LOGIN.fullmatch(shell) is None,
        "password": SCHEMES.get(kind, kind),
        "days_since_change": None if changed is None else today - changed,
        "least_days": least,
        "most_days": most,
        "idle_days": idle,
        "expired": end is not None and end < today,
    }


def _days(text: str) -> int | None:
    """A field of shadow; nothing and -1 are no limit."""
    if text == "":
        return None
    value = number(text, "a field of shadow")
    return None if value < 0 else value


def _group(line: str) -> dict[str, object]:
    fields = line.split(":")
    if len(fields) != 3:
        raise Unreadable("a line of group has not 4 fields")
    return {"name": fields[0], "gid": number(fields[1], "a gid"), "members": [m for m in fields[2].split(",") if m]}


PROBE = Probe(_COMMAND, parse)
