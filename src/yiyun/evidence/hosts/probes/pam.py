"""The PAM stacks that log-ins, su, sudo and a change of password really walk, with the settings of their modules."""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines
from yiyun.evidence.hosts.probes._pam_stack import Directory, Entry, Line, Sub, Walk, stack, walk

_COMMAND = r"""
shown() { awk 'BEGIN { for (i = 2; i < ARGC; i++) {
  file = name = ARGV[i]; if (ARGV[1] == "pam") sub(/.*\//, "", name)
  print "== " ARGV[1] " " name
  while ((getline line <file) > 0) {
    while (ARGV[1] == "pam" && line ~ /\\$/ && (getline more <file) > 0) line = substr(line, 1, length(line) - 1) " " more
    if (line !~ /^[ \t\r\f\v]*(#|$)/) print line
  }
  close(file) } }' "$@"; }
set -- pam; for file in /etc/pam.d/*; do [ ! -f "$file" ] || set -- "$@" "$file"; done
shown "$@"
named=$(sed -n 's/^[^#]*[[:space:]]conf=\([^][:space:]]*\).*/\1/p' /etc/pam.d/*)
set -- file; for file in $(printf '%s\n' /etc/security/faillock.conf /etc/security/pwquality.conf.d/*.conf /etc/security/pwquality.conf \
  /etc/security/pwhistory.conf /etc/login.defs /etc/default/useradd $named | sort -u); do
  [ ! -f "$file" ] || set -- "$@" "$file"
done
shown "$@"
echo '== modules'; ls /lib/security /lib64/security /usr/lib/security /usr/lib64/security /lib/*/security /usr/lib/*/security |
  grep '^pam_.*[.]so$' | sort -u
true
"""
SERVICES = ("login", "sshd", "su", "sudo")
PASSWORDS = frozenset({"pam_unix", "pam_sss", "pam_ldap", "pam_krb5", "pam_winbind", "pam_systemd_home", "pam_fprintd"})
"""Modules that look at what a person types (or touches)."""
HARMLESS = frozenset(
    {
        *("pam_env", "pam_faildelay", "pam_nologin", "pam_securetty", "pam_permit", "pam_cap", "pam_group", "pam_echo"),
        *("pam_mail", "pam_motd", "pam_lastlog", "pam_keyinit", "pam_limits", "pam_loginuid", "pam_umask", "pam_warn"),
        *("pam_gnome_keyring", "pam_kwallet5", "pam_ecryptfs", "pam_time", "pam_access", "pam_shells", "pam_selinux"),
    }
)
"""Modules that let an ordinary person through at an ordinary time."""
MOST_BRANCHES = 6
"""Modules whose answer nobody knows from here, at most; each doubles the walks."""


def parse(text: str) -> Facts:
    """`services`: lock-out by service, None without a file; `password`: what a new password meets; `settings`: login.defs."""
    parts = blocks(text)
    files = {name.removeprefix("pam "): _lines(part) for name, part in parts.items() if name.startswith("pam ")}
    if not files:
        raise Unreadable("/etc/pam.d is empty")
    settings = {name.removeprefix("file "): part for name, part in parts.items() if name.startswith("file ")}
    modules = frozenset(name.strip().removesuffix(".so") for name in lines(parts.get("modules", "")))
    given = Directory(files, modules or None)
    return {
        "services": {name: _service(given, name, settings) if name in files else None for name in SERVICES},
        "password": _password(given, settings),
        "su_for_group": _su_for_group(given),
        "session_umask": _session_umask(given, settings),
        "new_accounts": _new_accounts(settings),
    }


def _lines(text: str) -> list[str]:
    return [line.partition(" #")[0].strip() for line in lines(text)]


def _words(text: str) -> dict[str, str]:
    return {words[0]: " ".join(words[1:]) for line in lines(text) if (words := line.split())}


def _assignments(text: str) -> dict[str, str]:
    """`key = value` lines, and bare keys, whose value is empty."""
    found = {}
    for line in lines(text):
        key, _, value = line.partition("#")[0].partition("=")
        if key.strip():
            found[key.strip()] = value.strip()
    return found


# Lock-out.


def _service(given: Directory, name: str, settings: Mapping[str, str]) -> Facts:
    entries = stack(given, name, "auth")
    if not any(line.module in PASSWORDS for line in _flat(entries)):
        return {"asks_password": False, "counts": True, "refuses": True, "lockout": None}
    if not any(each.passes for each in _walks(entries, wrong=False, locked=())):
        raise Unreadable(f"the stack of {name} would refuse everybody, so it is not understood")
    counters = [line for line in _flat(entries) if line.module in COUNTERS]
    return {
        "asks_password": True,
        "counts": all(not each.passes and _counted(each.asked) for each in _walks(entries, wrong=True, locked=())),
        "refuses": _refuses(entries, counters),
        "lockout": _lockout(entries, settings),
    }


def _flat(entries: Sequence[Entry]) -> Iterator[Line]:
    for entry in entries:
        if isinstance(entry, Sub):
            yield from _flat(entry.entries)
        elif entry.there:
            yield entry


def _walks(entries: Sequence[Entry], *, wrong: bool, locked: Collection[Line]) -> Iterator[Walk]:
    """A walk for every combination of answers that the modules which nobody knows from here may give.

    `locked`: lines of modules that count, which find the account locked.
    """
    known = {line: _answer(line, wrong=wrong, locked=line in locked) for line in _flat(entries)}
    unknown = sorted({line.module for line, answer in known.items() if answer is None})
    if len(unknown) > MOST_BRANCHES:
        raise Unreadable(f"too many modules that yiyun does not know: {', '.join(unknown)}")
    for chosen in itertools.product(("success", "auth_err", "ignore"), repeat=len(unknown)):
        guess = dict(zip(unknown, chosen, strict=True))
        yield walk(entries, lambda line, guess=guess: known[line] or guess[line.module])  # type: ignore[misc]


def _answer(line: Line, *, wrong: bool, locked: bool) -> str | None:
    """What a module says to an ordinary person with a wrong or right password, of a locked account or not; None: unknown."""
    module, arguments = line.module, line.arguments
    if module in PASSWORDS:
        return "auth_err" if wrong else "success"
    if module == "pam_faillock":
        if locked:
            return "auth_err"
        return "ignore" if "authfail" in arguments else "success"
    if module in TALLIES:
        return "auth_err" if locked else "success"
    if module == "pam_deny":
        return "auth_err"
    if module == "pam_rootok":
        return "auth_err"
    if module == "pam_wheel":
        return "success" if "trust" not in arguments else "auth_err"
    if module == "pam_localuser":
        return "success"
    if module == "pam_usertype":
        return "success" if "isregular" in arguments else "auth_err"
    if module == "pam_succeed_if":
        condition = " ".join(word for word in arguments if not word.startswith(("quiet", "use_uid", "audit")))
        if match := re.fullmatch(r"uid (>=|<|>|<=) (\d+)", condition):
            uid, limit = 60000, int(match[2])
            return (
                "success"
                if {">=": uid >= limit, ">": uid > limit, "<": uid < limit, "<=": uid <= limit}[match[1]]
                else "auth_err"
            )
        return None
    return "success" if module in HARMLESS else None


def _counted(asked: Sequence[Line]) -> bool:
    return any(_counts(line) for line in asked)


def _counts(line: Line) -> bool:
    return (line.module == "pam_faillock" and "authfail" in line.arguments) or line.module in TALLIES


def _refuses(entries: Sequence[Entry], locked: Collection[Line]) -> bool:
    """Whether the right password is refused where these lines find the account locked."""
    return not any(each.passes for each in _walks(entries, wrong=False, locked=locked))


TALLIES = ("pam_tally2", "pam_tally")
COUNTERS = ("pam_faillock", *TALLIES)


def _lockout(entries: Sequence[Entry], settings: Mapping[str, str]) -> Facts | None:
    """What becomes of wrong passwords where a log-in really asks the module that counts. None: nothing counts.

    The line after a wrong password (`authfail`) keeps those of its own span of time, and no more of them than its own limit:
    where that is below the others', nobody is ever refused (0 tries). Each line that is asked on the way of
    a right one (`preauth`, `authsucc`) refuses by its own limits, where its refusal ends the log-in: the first to do so
    decides how many tries there are, the last to open how long it lasts.
    """
    wrong = dict.fromkeys(line for each in _walks(entries, wrong=True, locked=()) for line in each.asked)
    counting = [line for line in wrong if _counts(line)]
    if not counting:
        return None
    refusing = [line for line in dict.fromkeys(_flat(entries)) if line.module in COUNTERS and _refuses(entries, [line])]
    counted = [_limits(line, settings) for line in counting]
    limits = [_limits(line, settings) for line in refusing] or counted
    tries = [_number(each["deny"], "deny") for each in limits]
    waits = [0 if each["unlock_time"] == "never" else _number(each["unlock_time"], "unlock_time") for each in limits]
    written = [_number(each["deny"], "deny") for each in counted]
    most = min((each for each in tries if each > 0), default=0)
    kept = [_number(each["fail_interval"], "fail_interval") for each in counted]
    seen = max(_number(each["fail_interval"], "fail_interval") for each in limits)
    return {
        "module": counting[0].module,
        "tries": 0 if any(0 < each < most for each in written) else most,
        "unlock_seconds": None if 0 in waits else max(waits),
        "interval_seconds": min(*kept, seen),
        "root_too": any("even_deny_root" in each for each in limits),
    }


def _limits(line: Line, settings: Mapping[str, str]) -> dict[str, str]:
    """What one line of the module is told. Its arguments win over its file."""
    given = dict(argument.partition("=")[::2] for argument in line.arguments)
    if line.module in TALLIES:
        return {"deny": "0", "unlock_time": "0", "fail_interval": "0", **given}
    own = {"deny": "3", "unlock_time": "600", "fail_interval": "900"}
    return {**own, **_assignments(_file(given, settings, "/etc/security/faillock.conf")), **given}


def _file(given: Mapping[str, str], settings: Mapping[str, str], usual: str) -> str:
    """What stands in the file of a module, which its argument `conf` may name."""
    if "conf" in given and given["conf"] not in settings:
        raise Unreadable("a file that the argument conf of a PAM module names cannot be read")
    return settings.get(given.get("conf", usual), "")


def _number(text: str, what: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise Unreadable(f"{what} is no whole number")
    return int(text)


# New passwords.


def _password(given: Directory, settings: Mapping[str, str]) -> Facts:
    """What a new password meets before pam_unix stores it, in the stack of passwd."""
    entries = stack(given, "passwd", "password")
    asked = walk(entries, lambda line: "auth_err" if line.module == "pam_deny" else "success").asked
    before = list(itertools.takewhile(lambda line: line.module != "pam_unix", asked))
    storing = next((line for line in asked if line.module == "pam_unix"), None)
    if storing is None:
        raise Unreadable("the stack of passwd stores no password")
    checked = [line for line in before if line.module in ("pam_pwquality", "pam_cracklib") and _stops(line)]
    kept = [line for line in before if line.module == "pam_pwhistory" and _stops(line)]
    own = next((word.partition("=")[2] for word in storing.arguments if word.startswith("remember=")), None)
    return {
        "quality": _quality(checked[0], settings) if checked else None,
        "remembered": _remembered(kept[0], settings) if kept else _number(own, "remember") if own else 0,
        "scheme": next((word for word in storing.arguments if word in SCHEMES), None),
        "takes_checked": not checked or {"use_authtok", "use_first_pass"} & {*storing.arguments} != set(),
        "allows_empty": "nullok" in storing.arguments,
    }


SCHEMES = ("md5", "bigcrypt", "sha256", "sha512", "blowfish", "gost_yescrypt", "yescrypt", "sm3")


def _stops(line: Line) -> bool:
    """Whether a refusal by this module ends or fails the change."""
    return line.actions.get("authtok_err", line.actions.get("default", "bad")) in ("bad", "die")


def _quality(line: Line, settings: Mapping[str, str]) -> Facts:
    """The least that a password must have, from the module's arguments, its file, and what it does by itself."""
    values = {"minlen": "8", "minclass": "0", "dcredit": "0", "ucredit": "0", "lcredit": "0", "ocredit": "0"}
    values |= {"difok": "1", "maxrepeat": "0", "dictcheck": "1", "enforcing": "1", "usercheck": "1"}
    if line.module == "pam_cracklib":
        values |= {"minlen": "9", "dcredit": "1", "ucredit": "1", "lcredit": "1", "ocredit": "1", "difok": "5"}
    else:
        drop_ins = sorted(path for path in settings if path.startswith("/etc/security/pwquality.conf.d/"))
        for path in (*drop_ins, "/etc/security/pwquality.conf"):
            values |= _assignments(settings.get(path, ""))
    values |= dict(argument.partition("=")[::2] for argument in line.arguments)
    counted = [_number(values[f"{kind}credit"], f"{kind}credit") for kind in "dulo"]
    return {
        "module": line.module,
        "length": _number(values["minlen"], "minlen") - sum(each for each in counted if each > 0),
        "kinds": max(_number(values["minclass"], "minclass"), sum(each < 0 for each in counted)),
        "new_characters": _number(values["difok"], "difok"),
        "same_in_row": _number(values["maxrepeat"], "maxrepeat"),
        "dictionary": _number(values["dictcheck"], "dictcheck") != 0,
        "not_the_name": _number(values["usercheck"], "usercheck") != 0,
        "enforced": _number(values["enforcing"], "enforcing") != 0,
        "root_too": "enforce_for_root" in values,
    }


def _remembered(line: Line, settings: Mapping[str, str]) -> int:
    given = dict(argument.partition("=")[::2] for argument in line.arguments)
    values = {"remember": "10"} | _assignments(_file(given, settings, "/etc/security/pwhistory.conf")) | given
    return _number(values["remember"], "remember")


def _su_for_group(given: Directory) -> bool | None:
    """Whether su asks for membership of a group before it asks for a password; None where there is no su."""
    if "su" not in given.files:
        return None
    outsider = walk(stack(given, "su", "auth"), _to_an_outsider)
    return any(line.module == "pam_wheel" for line in outsider.asked) and not outsider.passes


def _to_an_outsider(line: Line) -> str:
    """What a module says to somebody who is in no group of administrators and has the right password."""
    if line.module == "pam_wheel":
        # With `deny` the group is of those who may not, and everybody else goes on.
        return "ignore" if "deny" in line.arguments else "auth_err"
    return _answer(line, wrong=False, locked=False) or "success"


def _session_umask(given: Directory, settings: Mapping[str, str]) -> int | None:
    """The umask that a person's session over SSH begins with, where a module sets it."""
    entries = stack(given, "sshd", "session") if "sshd" in given.files else ()
    for line in walk(entries, lambda _: "success").asked:
        if line.module == "pam_umask":
            own = next((word.partition("=")[2] for word in line.arguments if word.startswith("umask=")), None)
            shared = _words(settings.get("/etc/login.defs", ""))
            text = own or shared.get("UMASK", "")
            if not re.fullmatch(r"[0-7]{1,4}", text):
                return None
            groups = own is None and shared.get("USERGROUPS_ENAB", "").lower() == "yes"
            if ("usergroups" in line.arguments or groups) and "nousergroups" not in line.arguments:
                return _for_own_group(int(text, 8))
            return int(text, 8)
    return None


def _for_own_group(umask: int) -> int:
    """What pam_umask makes of it for an account whose group has its own name: the group gets what the owner has."""
    return umask & 0o707 | (umask & 0o700) >> 3


def _new_accounts(settings: Mapping[str, str]) -> dict[str, int | None]:
    """Days and modes that accounts get which are made from now on; None where nothing is said."""
    defs, useradd = _words(settings.get("/etc/login.defs", "")), _assignments(settings.get("/etc/default/useradd", ""))
    mode = defs.get("HOME_MODE", "")
    return {
        "most_days": _days(defs.get("PASS_MAX_DAYS")),
        "least_days": _days(defs.get("PASS_MIN_DAYS")),
        "idle_days": _days(useradd.get("INACTIVE")),
        "home_mode": int(mode, 8) if re.fullmatch(r"[0-7]{3,4}", mode) else None,
    }


def _days(text: str | None) -> int | None:
    if text is None or _number(text, "a number of days") < 0:
        return None
    return int(text)


PROBE = Probe(_COMMAND, parse)
