"""The PAM stacks that log-ins, su, sudo and a change of password really walk, with the settings of their modules."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines
from yiyun.evidence.hosts.probes._pam_stack import Entry, Line, Sub, Walk, stack, walk

_COMMAND = r"""
for file in /etc/pam.d/*; do
  [ -f "$file" ] || continue
  echo "== pam ${file##*/}"; sed -e ':a' -e '/\\$/N' -e 's/\\\n/ /' -e 'ta' "$file" | grep -v '^[[:space:]]*\(#\|$\)'
done
for file in /etc/security/faillock.conf /etc/security/pwquality.conf.d/*.conf /etc/security/pwquality.conf \
  /etc/security/pwhistory.conf /etc/login.defs /etc/default/useradd; do
  [ -f "$file" ] || continue
  echo "== file $file"; grep -v '^[[:space:]]*\(#\|$\)' "$file"
done
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
    return {
        "services": {name: _service(files, name, settings) if name in files else None for name in SERVICES},
        "password": _password(files, settings),
        "su_for_group": _su_for_group(files),
        "session_umask": _session_umask(files, settings),
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


def _service(files: Mapping[str, Sequence[str]], name: str, settings: Mapping[str, str]) -> Facts:
    entries = stack(files, name, "auth")
    if not any(line.module in PASSWORDS for line in _flat(entries)):
        return {"asks_password": False, "counts": True, "refuses": True, "lockout": None}
    if not any(each.passes for each in _walks(entries, wrong=False, locked=False)):
        raise Unreadable(f"the stack of {name} would refuse everybody, so it is not understood")
    return {
        "asks_password": True,
        "counts": all(not each.passes and _counted(each.asked) for each in _walks(entries, wrong=True, locked=False)),
        "refuses": not any(each.passes for each in _walks(entries, wrong=False, locked=True)),
        "lockout": _lockout(entries, settings.get("/etc/security/faillock.conf", "")),
    }


def _flat(entries: Sequence[Entry]) -> Iterator[Line]:
    for entry in entries:
        if isinstance(entry, Sub):
            yield from _flat(entry.entries)
        else:
            yield entry


def _walks(entries: Sequence[Entry], *, wrong: bool, locked: bool) -> Iterator[Walk]:
    """A walk for every combination of answers that the modules which nobody knows from here may give."""
    known = {line: _answer(line, wrong=wrong, locked=locked) for line in _flat(entries)}
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
    if module in ("pam_tally2", "pam_tally"):
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
    return any(
        (line.module == "pam_faillock" and "authfail" in line.arguments) or line.module in ("pam_tally2", "pam_tally")
        for line in asked
    )


def _lockout(entries: Sequence[Entry], config: str) -> Facts | None:
    """Settings of the module that counts. Its arguments win over its file."""
    counting = [line for line in _flat(entries) if _counted([line])]
    if not counting:
        return None
    found = {"deny": "3", "unlock_time": "600", "fail_interval": "900"}
    if counting[0].module != "pam_faillock":
        found = {"deny": "0", "unlock_time": "0", "fail_interval": "0"}
    file = _assignments(config) if counting[0].module == "pam_faillock" else {}
    given = dict(argument.partition("=")[::2] for argument in counting[0].arguments)
    both = {**found, **file, **given}
    unlock = both["unlock_time"]
    return {
        "module": counting[0].module,
        "tries": _number(both["deny"], "deny"),
        "unlock_seconds": None if unlock == "never" else _number(unlock, "unlock_time"),
        "interval_seconds": _number(both["fail_interval"], "fail_interval"),
        "root_too": "even_deny_root" in both,
    }


def _number(text: str, what: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise Unreadable(f"{what} is no whole number")
    return int(text)


# New passwords.


def _password(files: Mapping[str, Sequence[str]], settings: Mapping[str, str]) -> Facts:
    """What a new password meets before pam_unix stores it, in the stack of passwd."""
    entries = stack(files, "passwd", "password")
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
    values = {"remember": "10"} | _assignments(settings.get("/etc/security/pwhistory.conf", ""))
    values |= dict(argument.partition("=")[::2] for argument in line.arguments)
    return _number(values["remember"], "remember")


def _su_for_group(files: Mapping[str, Sequence[str]]) -> bool | None:
    """Whether su asks for membership of a group before it asks for a password; None where there is no su."""
    if "su" not in files:
        return None
    entries = stack(files, "su", "auth")
    outsider = walk(
        entries,
        lambda line: (
            "auth_err" if line.module == "pam_wheel" else _answer(line, wrong=False, locked=False) or "success"
        ),
    )
    return any(line.module == "pam_wheel" for line in outsider.asked) and not outsider.passes


def _session_umask(files: Mapping[str, Sequence[str]], settings: Mapping[str, str]) -> int | None:
    """The umask that a session over SSH begins with, where a module sets it."""
    entries = stack(files, "sshd", "session") if "sshd" in files else ()
    for line in walk(entries, lambda _: "success").asked:
        if line.module == "pam_umask":
            given = next((word.partition("=")[2] for word in line.arguments if word.startswith("umask=")), None)
            text = given or _words(settings.get("/etc/login.defs", "")).get("UMASK", "")
            return int(text, 8) if re.fullmatch(r"[0-7]{1,4}", text) else None
    return None


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
