"""File integrity, malware signatures and trusted boot: what there is, how old it is, how its last run ended."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, number, pairs, part

RUNS = ("yiyun-file-integrity", "dailyaidecheck", "aidecheck", "yiyun-malware-scan")
_COMMAND = r"""
echo '== now'; date +%s
echo '== aide'; stat -c '%Y %s' /var/lib/aide/aide.db /var/lib/aide/aide.db.gz 2>/dev/null || true
echo '== runs'
units=$(printf '%s.timer %s.service ' UNITS)
shown() { systemctl show "$@" --property=ActiveState,LastTriggerUSec,Result -- $units; }
{ shown --timestamp=unix || shown; } | awk -v units="$units" '
  BEGIN { RS = ""; FS = "\n"; split(units, name, " ") }
  { split("", value); for (i = 1; i <= NF; i++) { at = index($i, "="); value[substr($i, 1, at - 1)] = substr($i, at + 1) }
    print name[NR], name[NR] ~ /timer$/ ? value["ActiveState"] " " value["LastTriggerUSec"] : value["Result"] }'
echo '== signatures'
for file in /var/lib/clamav/*.cvd /var/lib/clamav/*.cld; do [ -s "$file" ] && echo "${file##*/} $(stat -c %Y "$file") $(head -c 512 "$file" | tr -d '\0' | head -n 1 | cut -d : -f 1-4)"; done
echo '== boot'
security=/sys/kernel/security
if [ -d /sys/firmware/efi ]; then echo firmware uefi; else echo firmware other; fi
state=$(od -An -t u1 -j 4 -N 1 /sys/firmware/efi/efivars/SecureBoot-* 2>/dev/null | tr -d ' '); echo "secure_boot ${state:-absent}"
if [ -e /sys/class/tpm/tpm0 ]; then echo tpm present; else echo tpm absent; fi
if [ -s $security/tpm0/binary_bios_measurements ]; then echo measured_boot present; else echo measured_boot absent; fi
count=$(cat $security/ima/runtime_measurements_count 2>/dev/null); echo "ima_measurements ${count:-0}"
""".replace("UNITS", " ".join(f"{unit} {unit}" for unit in RUNS))


def parse(text: str) -> Facts:
    """`aide`: age of its database in days (None: none); `runs`: by unit; `signatures`: age in days; `boot`: what there is."""
    parts = blocks(text)
    now = number(part(parts, "now"), "the time")
    bases = [line.split() for line in lines(part(parts, "aide"))]
    made = [number(each[0], "the time of a file") for each in bases if len(each) == 2 and each[1] != "0"]
    boot = pairs(part(parts, "boot"))
    if not {"firmware", "secure_boot", "tpm", "measured_boot", "ima_measurements"} <= set(boot):
        raise Unreadable("what the boot was is not known")
    return {
        "aide_days": (now - max(made)) // 86400 if made else None,
        "runs": _runs(lines(part(parts, "runs"))),
        "signature_days": _signatures(lines(part(parts, "signatures")), now),
        "boot": {
            "uefi": boot["firmware"] == "uefi",
            "secure_boot": boot["secure_boot"] == "1",
            "tpm": boot["tpm"] == "present",
            "measured_boot": boot["measured_boot"] == "present",
            "ima_measurements": number(boot["ima_measurements"], "the number of measurements"),
        },
    }


def _runs(shown: list[str]) -> dict[str, dict[str, object]]:
    timers, results = {}, {}
    for line in shown:
        name, *rest = line.split()
        unit, _, kind = name.rpartition(".")
        if kind == "timer" and rest:
            timers[unit] = rest
        elif kind == "service":
            results[unit] = rest[0] if rest else ""
    if not timers or set(timers) != set(results):
        raise Unreadable("systemctl does not speak of all timers")
    return {
        unit: {
            "active": words[0] == "active",
            "ran": len(words) > 1 and re.fullmatch(r"@\d+", words[1]) is not None and words[1] != "@0",
            "ended_well": results[unit] == "success",
        }
        for unit, words in timers.items()
    }


def _signatures(shown: list[str], now: int) -> int | None:
    """Days since the newest of the signatures was made, by its own head where it has one; None without any."""
    ages = []
    for line in shown:
        words = line.split()
        if len(words) < 2:
            raise Unreadable("a file of signatures without a time")
        ages.append((now - number(words[1], "the time of a file")) // 86400)
    return min(ages) if ages else None


PROBE = Probe(_COMMAND, parse)
