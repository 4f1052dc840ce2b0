"""Who may do what by sudo, as sudo itself puts all of its files together."""

import json
from typing import Any

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, part

_COMMAND = r"""
command -v sudo >/dev/null || { echo '== absent'; exit 0; }
echo '== rights'; cvtsudoers -e -f json /etc/sudoers || exit 4
"""
SETTINGS = ("authenticate", "logfile", "syslog", "timestamp_timeout", "use_pty")


def parse(text: str) -> Facts:
    """`installed`; `defaults`: the last word on each of SETTINGS, None where nothing is said; `rights`: who, as whom, without password, what."""
    parts = blocks(text)
    if "absent" in parts:
        return {"installed": False, "defaults": None, "rights": []}
    shown = json.loads(part(parts, "rights"))
    if not isinstance(shown, dict):
        raise Unreadable("cvtsudoers prints no mapping")
    defaults: dict[str, str | None] = dict.fromkeys(SETTINGS)
    for entry in shown.get("Defaults", []):
        if set(entry) - {"Options"}:
            continue  # for some users, hosts or commands only
        for option in entry["Options"]:
            for name, value in option.items():
                if name in defaults:
                    defaults[name] = _setting(value)
    no_password = defaults.get("authenticate") == "no"
    rights = [right for spec in shown.get("User_Specs", []) for right in _rights(spec, no_password=no_password)]
    return {"installed": True, "defaults": defaults, "rights": rights}


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value)


def _rights(spec: Any, *, no_password: bool) -> list[dict[str, Any]]:
    found = []
    for commands in spec["Cmnd_Specs"]:
        options = {name: value for option in commands.get("Options", []) for name, value in option.items()}
        names = [str(each["command"]) for each in commands["Commands"] if "command" in each and not each.get("negated")]
        for user in spec["User_List"]:
            kind, name = next((kind, user[kind]) for kind in user if kind != "negated")
            found.append(
                {
                    "user": str(name) if kind in ("username", "userid") else None,
                    "group": str(name) if kind in ("usergroup", "usergid") else None,
                    "everybody": str(name) == "ALL",
                    "negated": bool(user.get("negated")),
                    "no_password": options.get("authenticate", not no_password) is False,
                    "everything": "ALL" in names,
                    "commands": names,
                }
            )
    return found


PROBE = Probe(_COMMAND, parse)
