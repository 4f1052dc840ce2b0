"""What is shown before a log-in, at the console and through SSH."""

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, part

_COMMAND = r"""
echo '== console'; cat /etc/issue /etc/issue.d/*.issue 2>/dev/null | head -c 8192
echo; echo '== remote'
file=$(/usr/sbin/sshd -T -C user=root,host=client.invalid,addr=192.0.2.1 | awk '$1 == "banner" { print $2 }')
case $file in '') exit 4 ;; none) ;; *) head -c 8192 "$file" ;; esac
echo; echo '== system'; . /etc/os-release; echo "${NAME-}"; echo "${ID-}"; uname -r
"""


def parse(text: str) -> Facts:
    """`console`, `remote`: the text, None where nothing is shown; `names`: what would tell an attacker the system."""
    parts = blocks(text)
    names = [line.strip() for line in part(parts, "system").split("\n") if line.strip()]
    if len(names) != 3:
        raise Unreadable("the system does not say its name")
    shown = {kind: part(parts, kind).strip() or None for kind in ("console", "remote")}
    return {**shown, "names": [*names, names[0].split()[0]]}


PROBE = Probe(_COMMAND, parse)
