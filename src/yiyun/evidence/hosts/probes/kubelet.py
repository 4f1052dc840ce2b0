"""The kubelet that runs: its command line, and the file and drop-ins that it was started with."""

import re

import yaml

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

_COMMAND = r"""
pid=$(systemctl show --property=MainPID --value kubelet.service)
[ "${pid:-0}" != 0 ] || pid=$(pgrep -x -o kubelet) || { echo '== absent'; exit 0; }
echo '== flags'; tr '\0' '\n' <"/proc/$pid/cmdline" | grep -vi token
file=$(tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n 's/^--config=//p' | tail -n 1)
directory=$(tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n 's/^--config-dir=//p' | tail -n 1)
drop_ins=
if [ -n "$directory" ]; then
  drop_ins=$(find "$directory/" '(' -type f -o -type l ')' -name '*.conf' | sort) || exit 4
  echo '== drop-ins'; echo "$drop_ins"
fi
echo '== file'; if [ -n "$file" ]; then cat "$file" || exit 4; fi
for each in $drop_ins; do echo "== drop-in $each"; cat "$each" || exit 4; done
echo '== read'
if [ -n "$file$drop_ins" ]; then echo "$(stat -c %Z $file $drop_ins $directory | sort -n | tail -n 1) $(stat -c %Y "/proc/$pid")"; fi
"""


def parse(text: str) -> Facts:
    """`runs`; `settings`: the file's values with the flags above them; `stale`: the file is newer than the process."""
    parts = blocks(text)
    if "absent" in parts:
        return {"runs": False, "settings": None, "stale": False}
    flags = dict(re.findall(r"^--([a-z0-9-]+)(?:=(.*))?$", part(parts, "flags"), re.MULTILINE))
    if re.search(r"^--config(-dir)?$", part(parts, "flags"), re.MULTILINE):
        raise Unreadable("the kubelet's file stands behind a blank, not behind =")
    loaded = _configuration(part(parts, "file"))
    for name in lines(part(parts, "drop-ins")) if flags.get("config-dir") else ():
        loaded = _merged(loaded, _configuration(part(parts, f"drop-in {name.strip()}")))
    times = part(parts, "read").split()
    stale = len(times) == 2 and int(times[0]) > int(times[1]) + 1
    return {"runs": True, "stale": stale, "settings": _settings(loaded, flags)}


def _configuration(text: str) -> dict[str, object]:
    loaded = yaml.load(text, yaml.CSafeLoader) or {}
    if not isinstance(loaded, dict) or (loaded and loaded.get("kind") != "KubeletConfiguration"):
        raise Unreadable("the kubelet's file is no KubeletConfiguration")
    return loaded


def _merged(under: dict[str, object], over: dict[str, object]) -> dict[str, object]:
    """A drop-in above what came before it: maps grow together, anything else is replaced."""
    found = dict(under)
    for key, value in over.items():
        old = found.get(key)
        found[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def _settings(loaded: dict[str, object], flags: dict[str, str]) -> dict[str, object]:
    """What counts; a flag wins over the file, and where neither speaks the default of a kubelet with a file."""
    authentication, authorization = _map(loaded, "authentication"), _map(loaded, "authorization")
    with_file = bool(loaded)

    def flag(name: str, value: object) -> object:
        return value if name not in flags else flags[name] != "false" if isinstance(value, bool) else flags[name]

    return {
        "anonymous": flag("anonymous-auth", bool(_map(authentication, "anonymous").get("enabled", not with_file))),
        "webhook": flag(
            "authentication-token-webhook", bool(_map(authentication, "webhook").get("enabled", with_file))
        ),
        "client_ca": str(flag("client-ca-file", str(_map(authentication, "x509").get("clientCAFile", "")))),
        "authorization": str(
            flag("authorization-mode", str(authorization.get("mode", "Webhook" if with_file else "AlwaysAllow")))
        ),
        "read_only_port": int(str(flag("read-only-port", str(loaded.get("readOnlyPort", 0 if with_file else 10255))))),
        "rotates_client": flag("rotate-certificates", bool(loaded.get("rotateCertificates", False))),
        "protects_kernel": flag("protect-kernel-defaults", bool(loaded.get("protectKernelDefaults", False))),
        "streaming_idle_seconds": _seconds(flags["streaming-connection-idle-timeout"])
        if "streaming-connection-idle-timeout" in flags
        else _seconds(str(loaded.get("streamingConnectionIdleTimeout", "0"))) or FOUR_HOURS,
        "tls_minimum": str(flag("tls-min-version", str(loaded.get("tlsMinVersion", "VersionTLS12")))),
    }


FOUR_HOURS = 14400
"""What a kubelet makes of a time of 0 in its file; on its command line 0 is no limit."""


def _seconds(text: str) -> int:
    """A duration as Go writes it."""
    if text == "0":
        return 0
    units = {"h": 3600, "m": 60, "s": 1}
    if not re.fullmatch(r"(\d+(\.\d+)?[hms])+", text):
        raise Unreadable("a time of the kubelet is none that Go writes")
    return round(sum(float(amount) * units[unit] for amount, unit in re.findall(r"(\d+(?:\.\d+)?)([hms])", text)))


def _map(holder: dict[str, object], key: str) -> dict[str, object]:
    value = holder.get(key) or {}
    if not isinstance(value, dict):
        raise Unreadable(f"{key} of the kubelet's file is no mapping")
    return value


PROBE = Probe(_COMMAND, parse)
