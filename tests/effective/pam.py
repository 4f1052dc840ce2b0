"""PAM: what a log-in, su and a change of password really walk.

libpam has no question to ask, so the state is the walk itself over all files: each case is the whole directory of the
recorded host with some files exchanged, read by the collector's own command.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from effective.case import Case, Files, Side, exchanged, said
from yiyun.evidence.hosts import probes

RECORDED = {
    ("/etc/pam.d/" if kind == "pam" else "") + name: text
    for kind, name, text in re.findall(r"^== (pam|file) (\S+)\n(.*?)(?=^== |\Z)", said("pam"), re.MULTILINE | re.DOTALL)
}
MODULES = {f"/lib/security/{name}": "" for name in [*re.findall(r"\bpam_\w+\.so\b", said("pam")), "pam_succeed_if.so"]}


def printed(files: Files) -> str:
    """What the probe prints on a host with these files."""
    command = probes.load()["pam"].command
    with tempfile.TemporaryDirectory() as scratch:
        for path, text in {**MODULES, **RECORDED, **files}.items():
            if text is not None:
                target = Path(f"{scratch}{path}")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text.replace("conf=/", f"conf={scratch}/"))
        below = re.sub(r"(?<![\w*])/(?=(?:etc|lib|lib64|usr)/)", f"{scratch}/", command)
        done = subprocess.run(
            ["/bin/sh", "-c", below],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )
        return done.stdout.replace(scratch, "")


def _side(files: Files) -> Side:
    return Side(files, {"pam": lambda: printed(files)})


def _in(path: str, old: str, new: str) -> dict[str, str | None]:
    return {path: exchanged(RECORDED[path], old, new)}


AUTH, PASSWORD, SSHD, SU = (f"/etc/pam.d/{name}" for name in ("common-auth", "common-password", "sshd", "su"))
FAILLOCK, QUALITY = "/etc/security/faillock.conf", "/etc/security/pwquality.conf"
PREAUTH = "auth\trequired pam_faillock.so preauth\n"
AUTHSUCC = "auth\trequired pam_faillock.so authsucc\n"
AUTHFAIL = "auth\t[default=die] pam_faillock.so authfail\n"
UNIX = "auth\t[success=2 default=ignore]\tpam_unix.so nullok try_first_pass\n"
WHEEL = "auth required pam_wheel.so use_uid group=sudo\n"
CHECK = "password\trequisite\t\t\tpam_pwquality.so retry=3\n"
HISTORY = "password\trequisite pam_pwhistory.so remember=5 use_authtok enforce_for_root\n"
STORE = "password\t[success=1 default=ignore]\tpam_unix.so obscure use_authtok try_first_pass yescrypt\n"
SESSION = "/etc/pam.d/common-session"
UMASK = "session\toptional pam_umask.so umask=0027 nousergroups\n"

WITHOUT = exchanged(exchanged(RECORDED[AUTH], PREAUTH, ""), AUTHFAIL, "")
PEOPLE = "conf=/etc/security/people.conf"
CORPORATE = {
    f"/etc/pam.d/{name}": exchanged(
        RECORDED[f"/etc/pam.d/{name}"], "@include common-auth\n", "auth substack corporate-auth\n"
    )
    for name in ("login", "sshd", "su", "sudo")
}
"""Every log-in walks another file than the usual one."""


def _both(preauth: str, authsucc: str) -> dict[str, str]:
    """The usual file with other lines before and behind the password."""
    return {AUTH: exchanged(exchanged(RECORDED[AUTH], PREAUTH, preauth), AUTHSUCC, authsucc)}


def _told(line: str, argument: str) -> str:
    return f"{line.rstrip()} {argument}\n"


def _conf(path: str, line: str, new: str) -> dict[str, str | None]:
    return _in(path, f"{line}\n", f"{new}\n")


CASES = [
    Case(
        "lockout_counts",
        "pam_faillock authfail",
        "sshd: a wrong password is not counted",
        # The usual file is whole, and sshd does not walk it.
        looks_right=_side(_in(SSHD, "@include common-auth\n", "auth required pam_unix.so\n")),
        looks_wrong=_side({AUTH: WITHOUT, "/etc/pam.d/corporate-auth": RECORDED[AUTH], **CORPORATE}),
    ),
    Case(
        "lockout_refuses",
        "pam_faillock preauth",
        "a locked account is let in",
        # It stands behind a `sufficient` module that ends the walk.
        looks_right=_side(_in(AUTH, PREAUTH, f"auth sufficient pam_unix.so nullok\n{PREAUTH}")),
        # A jump leads over what would let everybody in.
        looks_wrong=_side(
            _in(AUTH, PREAUTH, f"{PREAUTH}auth [default=1] pam_permit.so\nauth sufficient pam_permit.so\n")
        ),
    ),
    Case(
        "lockout_refuses",
        "jump over pam_faillock preauth",
        "a locked account is let in",
        # Everybody but accounts of the system jumps over it, and nothing asks again behind the password.
        looks_right=_side(_both(f"auth [success=1 default=ignore] pam_succeed_if.so uid >= 1000\n{PREAUTH}", "")),
        looks_wrong=_side(_both(f"auth [success=1 default=ignore] pam_succeed_if.so uid < 1000\n{PREAUTH}", "")),
    ),
    Case(
        "lockout_tries",
        "faillock.conf deny",
        "never locks",
        looks_right=_side(_both(_told(PREAUTH, "deny=50"), _told(AUTHSUCC, "deny=50"))),
        # The line behind the password refuses too.
        looks_wrong=_side(_both(PREAUTH, _told(AUTHSUCC, "deny=5")) | _conf(FAILLOCK, "deny = 5", "deny = 50")),
    ),
    Case(
        "lockout_time",
        "faillock.conf unlock_time",
        "opens again after 60 s",
        # The argument names another file.
        looks_right=_side(
            _both(_told(PREAUTH, PEOPLE), _told(AUTHSUCC, PEOPLE))
            | {"/etc/security/people.conf": "deny = 5\nunlock_time = 60\n"}
        ),
        looks_wrong=_side(
            _both(_told(PREAUTH, PEOPLE), AUTHSUCC)
            | {"/etc/security/people.conf": "deny = 5\nunlock_time = 900\n"}
            | {FAILLOCK: exchanged(RECORDED[FAILLOCK], "\nunlock_time = 600\n", "\nunlock_time = 60\n")}
        ),
    ),
    Case(
        "lockout_interval",
        "faillock.conf fail_interval",
        "60",
        looks_right=_side(_in(AUTH, AUTHFAIL, _told(AUTHFAIL, "fail_interval=60"))),
        looks_wrong=_side(
            {
                AUTH: _both(_told(PREAUTH, "fail_interval=900"), AUTHSUCC)[AUTH].replace(
                    AUTHFAIL, _told(AUTHFAIL, "fail_interval=900")
                )
            }
            | _conf(FAILLOCK, "fail_interval = 900", "fail_interval = 60")
        ),
    ),
    Case(
        "password_length",
        "pwquality.conf minlen",
        "may have 6 characters",
        # Drop-ins are read first, so the main file stands above them.
        looks_right=_side(
            {"/etc/security/pwquality.conf.d/99-hardening.conf": "minlen = 12\n"}
            | _conf(QUALITY, "minlen = 12", "minlen = 6")
        ),
        looks_wrong=_side({"/etc/security/pwquality.conf.d/99-site.conf": "minlen = 6\n"}),
    ),
    Case(
        "password_kinds",
        "pwquality.conf minclass",
        "may have 1 kinds",
        # An argument stands above every file.
        looks_right=_side(_in(PASSWORD, CHECK, CHECK.replace("retry=3", "retry=3 minclass=1"))),
        looks_wrong=_side(
            _in(PASSWORD, CHECK, CHECK.replace("retry=3", "retry=3 minclass=3"))
            | _conf(QUALITY, "minclass = 3", "minclass = 1")
        ),
    ),
    Case(
        "password_enforced",
        "pam_pwquality on the stack",
        "nothing looks at a new password",
        # The module is not installed, and its line says to go on then.
        looks_right=_side(
            _in(PASSWORD, CHECK, "-password [success=ok default=die module_unknown=ignore] pam_pwquality.so retry=3\n")
            | {"/lib/security/pam_pwquality.so": None}
        ),
        looks_wrong=_side(
            {PASSWORD: exchanged(RECORDED[PASSWORD], CHECK, "password substack strict\n"), "/etc/pam.d/strict": CHECK}
        ),
    ),
    Case(
        "password_root_too",
        "pwquality.conf enforce_for_root",
        "what root sets is not looked at",
        # A drop-in counts only with `.conf` at its end.
        looks_right=_side(
            _conf(QUALITY, "enforce_for_root", "") | {"/etc/security/pwquality.conf.d/10-site": "enforce_for_root\n"}
        ),
        looks_wrong=_side(
            _conf(QUALITY, "enforce_for_root", "")
            | {"/etc/security/pwquality.conf.d/10-site.conf": "enforce_for_root\n"}
        ),
    ),
    Case(
        "password_dictionary",
        "pwquality.conf dictcheck",
        "",
        looks_right=_side(_in(PASSWORD, CHECK, CHECK.replace("retry=3", "retry=3 dictcheck=0"))),
        looks_wrong=_side(
            _in(PASSWORD, CHECK, CHECK.replace("retry=3", "retry=3 dictcheck=1"))
            | _conf(QUALITY, "dictcheck = 1", "dictcheck = 0")
        ),
    ),
    Case(
        "password_history",
        "pam_pwhistory remember",
        "0 earlier passwords are remembered",
        # It stands behind the module that has stored the password already.
        looks_right=_side(
            {
                PASSWORD: exchanged(
                    RECORDED[PASSWORD], HISTORY + STORE, STORE.replace("success=1", "success=2") + HISTORY
                )
            }
        ),
        looks_wrong=_side({"/etc/security/pwhistory.conf": "remember = 0\n"}),
    ),
    Case(
        "su_restricted",
        "pam_wheel on the way of su",
        "su asks everybody",
        looks_right=_side(_in(SU, WHEEL, f"auth sufficient pam_unix.so\n{WHEEL}")),
        looks_wrong=_side(_in(SU, WHEEL, "auth include administrators\n") | {"/etc/pam.d/administrators": WHEEL}),
    ),
    Case(
        "su_restricted",
        "pam_wheel deny",
        "su asks everybody",
        # With `deny` the group is of those who may not.
        looks_right=_side(_in(SU, WHEEL, WHEEL.replace("use_uid", "deny use_uid"))),
        looks_wrong=_side(_in(SU, WHEEL, f"auth required pam_wheel.so deny group=guests\n{WHEEL}")),
    ),
    Case(
        "shell_umask",
        "login.defs UMASK through pam_umask",
        "the umask of a login is 0007",
        # USERGROUPS_ENAB gives an account's own group what the owner has. The shell sets nothing itself.
        looks_right=Side(
            _in(SESSION, UMASK, "session optional pam_umask.so\n"),
            {
                "pam": lambda: printed(_in(SESSION, UMASK, "session optional pam_umask.so\n")),
                "shell": exchanged(said("shell"), "0027\n", "0121\n"),
            },
        ),
        looks_wrong=Side(
            _conf("/etc/login.defs", "UMASK 027", "UMASK 022"),
            {
                "pam": lambda: printed(_conf("/etc/login.defs", "UMASK 027", "UMASK 022")),
                "shell": exchanged(said("shell"), "0027\n", "0121\n"),
            },
        ),
    ),
]
