"""Which operating system a host runs, and what follows from it: packages, service names, PAM, paths.

Read from /etc/os-release by yiyun itself, since Ansible's facts take UOS for Debian and Kylin's version for no number. A
release is known when all of its fields say so together; one that is not listed, or that contradicts itself, gets the
profile `other`, in which everything is `unknown` and from which nothing may be derived.

Sources: os-release(5); recorded files of every listed release (tests/recorded); for PAM the hardening guides of openEuler
and RHEL, for UOS's editions the survey of its images in Ansible issue 86957.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from yiyun.errors import UserError
from yiyun.site.model import Model

UNKNOWN = "unknown"

PackageFamily = Literal["deb", "rpm", "unknown"]
PackageManager = Literal["apt", "dnf", "unknown"]
PamStyle = Literal["pam-auth-update", "authselect", "plain", "unknown"]


class Services(Model):
    """Names of systemd services, without `.service`."""

    ssh: str = UNKNOWN
    cron: str = UNKNOWN
    time: str = UNKNOWN
    """chrony."""
    syslog: str = UNKNOWN
    audit: str = UNKNOWN
    firewall: str = UNKNOWN
    """nftables, which loads `Paths.firewall_config` at boot."""


class Packages(Model):
    """Names of packages."""

    ssh: str = UNKNOWN
    cron: str = UNKNOWN
    time: str = UNKNOWN
    syslog: str = UNKNOWN
    syslog_tls: str = UNKNOWN
    audit: str = UNKNOWN
    firewall: str = UNKNOWN
    pam_quality: str = UNKNOWN
    integrity: str = UNKNOWN
    python: str = UNKNOWN


class Paths(Model):
    """Absolute paths of files and directories."""

    audit_config: str = UNKNOWN
    audit_rules: str = UNKNOWN
    """Directory of the rules that augenrules puts together."""
    audit_log: str = UNKNOWN
    auth_log: str = UNKNOWN
    """Where syslog's authpriv facility goes."""
    system_log: str = UNKNOWN
    time_config: str = UNKNOWN
    firewall_config: str = UNKNOWN
    certificates: str = UNKNOWN
    """Directory of the site's own CA certificates, read by `OsProfile.update_certificates`."""
    nologin: str = UNKNOWN


class OsProfile(Model):
    """One release of one operating system, as yiyun's roles, collectors and rules need it."""

    name: str = "other"
    """What `yiyun_os_profile` of hosts.yaml says, such as `kylin-v10-sp3`, `uos-20-e`, `openeuler-22.03`."""
    version: str = UNKNOWN
    """VERSION_ID as written: `22.03`, `9.4`, `V10`."""
    minor: str = UNKNOWN
    """UOS only: 1050, 1060, 1070. It stands in /etc/os-version alone."""
    pretty_name: str = ""
    package_family: PackageFamily = "unknown"
    package_manager: PackageManager = "unknown"
    pam_style: PamStyle = "unknown"
    """Who owns the common PAM files. `unknown` on a known OS: nothing proves it, ask the host (`authselect current`)."""
    pam_auth_files: tuple[str, ...] = ()
    """The common files of the auth step, read by every login service."""
    sshd_drop_ins: bool = False
    """Whether the stock sshd_config includes /etc/ssh/sshd_config.d/*.conf; False where that is not proven."""
    python: str = UNKNOWN
    """Version of the OS's own Python 3, major and minor. ansible-core 2.19 wants 3.8 or newer on a host."""
    admin_group: str = UNKNOWN
    """The group that the stock sudoers file gives all rights to."""
    update_certificates: str = UNKNOWN
    """Command that takes in the files of `paths.certificates`."""
    services: Services = Services()
    packages: Packages = Packages()
    paths: Paths = Paths()

    @property
    def known(self) -> bool:
        """Whether the OS is one of `NAMES`."""
        return self.name in NAMES

    @property
    def python_suffices(self) -> bool:
        """Whether the OS's own Python is new enough for ansible-core 2.19 (3.8)."""
        return self.known and tuple(int(part) for part in self.python.split(".")) >= (3, 8)

    def require_known(self) -> "OsProfile":
        """Return the profile itself. Raises UserError on `other`: nothing may be installed or changed by guess."""
        if not self.known:
            shown = self.pretty_name or "/etc/os-release without PRETTY_NAME"
            raise UserError(f"the operating system is not known to yiyun ({shown}); known are: {', '.join(NAMES)}")
        return self


_DEB = OsProfile(
    package_family="deb",
    package_manager="apt",
    pam_style="pam-auth-update",
    pam_auth_files=("/etc/pam.d/common-auth",),
    admin_group="sudo",
    update_certificates="update-ca-certificates",
    services=Services(ssh="ssh", cron="cron", time="chrony", syslog="rsyslog", audit="auditd", firewall="nftables"),
    packages=Packages(
        ssh="openssh-server",
        cron="cron",
        time="chrony",
        syslog="rsyslog",
        syslog_tls="rsyslog-gnutls",
        audit="auditd",
        firewall="nftables",
        pam_quality="libpam-pwquality",
        integrity="aide",
        python="python3",
    ),
    paths=Paths(
        audit_config="/etc/audit/auditd.conf",
        audit_rules="/etc/audit/rules.d",
        audit_log="/var/log/audit/audit.log",
        auth_log="/var/log/auth.log",
        system_log="/var/log/syslog",
        time_config="/etc/chrony/chrony.conf",
        firewall_config="/etc/nftables.conf",
        certificates="/usr/local/share/ca-certificates",
        nologin="/usr/sbin/nologin",
    ),
)

_RPM = OsProfile(
    package_family="rpm",
    package_manager="dnf",
    pam_auth_files=("/etc/pam.d/system-auth", "/etc/pam.d/password-auth"),
    admin_group="wheel",
    update_certificates="update-ca-trust",
    services=Services(ssh="sshd", cron="crond", time="chronyd", syslog="rsyslog", audit="auditd", firewall="nftables"),
    packages=Packages(
        ssh="openssh-server",
        cron="cronie",
        time="chrony",
        syslog="rsyslog",
        syslog_tls="rsyslog-gnutls",
        audit="audit",
        firewall="nftables",
        pam_quality="libpwquality",
        integrity="aide",
        python="python3",
    ),
    paths=Paths(
        audit_config="/etc/audit/auditd.conf",
        audit_rules="/etc/audit/rules.d",
        audit_log="/var/log/audit/audit.log",
        auth_log="/var/log/secure",
        system_log="/var/log/messages",
        time_config="/etc/chrony.conf",
        firewall_config="/etc/sysconfig/nftables.conf",
        certificates="/etc/pki/ca-trust/source/anchors",
        nologin="/sbin/nologin",
    ),
)


@dataclass(frozen=True)
class _Release:
    """How one release writes its os-release file, and what is its own in the profile."""

    name: str
    id: str
    """ID, lower case."""
    names: tuple[str, ...]
    """What NAME may be, lower case."""
    version_id: str
    """Pattern of VERSION_ID."""
    base: OsProfile
    python: str
    version: str = r".*"
    """Pattern of VERSION."""
    platforms: tuple[str, ...] = ()
    """What PLATFORM_ID must be where the file has one; empty: it must have none."""
    codename: str | None = None
    """What VERSION_CODENAME must be; None: not looked at."""
    edition: str | None = None
    """UOS: EditionName of /etc/os-version."""
    names_of_edition: tuple[str, ...] = ()
    """UOS: further values of NAME, believed only where /etc/os-version names the edition."""
    pam_style: PamStyle | None = None
    sshd_drop_ins: bool = False
    complete: bool = False
    """Whether PLATFORM_ID and VERSION_CODENAME may not be missing."""


def _kylin(name: str, version: str, python: str, platforms: tuple[str, ...] = ()) -> _Release:
    version_id = version[:3]
    return _Release(
        name, "kylin", ("kylin linux advanced server",), version_id, _RPM, python, version, platforms, pam_style="plain"
    )


def _openeuler(version: str, python: str) -> _Release:
    exact = re.escape(version)
    return _Release(
        f"openeuler-{version}", "openeuler", ("openeuler",), exact, _RPM, python, rf"{exact} .*LTS.*", pam_style="plain"
    )


def _debian(version: str, codename: str, python: str) -> _Release:
    return _Release(
        f"debian-{version}",
        "debian",
        ("debian gnu/linux",),
        version,
        _DEB,
        python,
        rf"{version} \({codename}\)",
        codename=codename,
        sshd_drop_ins=True,
    )


def _ubuntu(version: str, codename: str, python: str) -> _Release:
    exact = re.escape(version)
    return _Release(
        f"ubuntu-{version}",
        "ubuntu",
        ("ubuntu",),
        exact,
        _DEB,
        python,
        rf"{exact}(\.\d+)? LTS \(.*\)",
        codename=codename,
        sshd_drop_ins=True,
    )


def _rhel_like(name: str, release_id: str, os_name: str, major: int) -> _Release:
    return _Release(
        f"{name}-{major}",
        release_id,
        (os_name,),
        rf"{major}(\.\d+)?",
        _RPM,
        {8: "3.6", 9: "3.9", 10: "3.12"}[major],
        platforms=(f"platform:el{major}",),
        pam_style="authselect",
        sshd_drop_ins=major >= 9,  # OpenSSH 8.0 of release 8 has no Include yet.
    )


_UOS = ("uniontech os server 20", "uos server 20")


def _uos_rpm(edition: str, platform: str, codename: str, python: str, pam_style: PamStyle | None) -> _Release:
    return _Release(
        f"uos-20-{edition}",
        "uos",
        _UOS,
        "20",
        _RPM,
        python,
        platforms=(platform,),
        codename=codename,
        edition=edition,
        pam_style=pam_style,
        complete=True,
    )


RELEASES: tuple[_Release, ...] = (
    _kylin("kylin-v10-sp1", r"V10 \(Tercel\)", "3.7"),
    _kylin("kylin-v10-sp2", r"V10 \(Sword\)", "3.7"),
    _kylin("kylin-v10-sp3", r"V10 \((Lance|Halberd)\)", "3.7"),  # Halberd: SP3 of 2403.
    _kylin("kylin-v11", r"V11 \([A-Za-z0-9]+\)", "3.11", ("platform:ky11",)),
    _uos_rpm("a", "platform:uelc20", "kongzi", "3.6", None),  # After Anolis 8.
    _uos_rpm("e", "platform:uel20", "fuyu", "3.7", "plain"),  # After openEuler 20.03.
    _Release(  # After Debian 10.
        "uos-20-d",
        "uos",
        ("uniontech os server 20 enterprise",),
        "20",
        _DEB,
        "3.7",
        edition="d",
        names_of_edition=_UOS,
    ),
    _openeuler("20.03", "3.7"),
    _openeuler("22.03", "3.9"),
    _openeuler("24.03", "3.11"),
    _Release(
        "anolis-8",
        "anolis",
        ("anolis os",),
        r"8\.\d+",
        _RPM,
        "3.6",
        platforms=("platform:an8",),
        pam_style="authselect",
    ),
    _Release("anolis-23", "anolis", ("anolis os",), r"23(\.\d+)?", _RPM, "3.10", platforms=("platform:an23",)),
    _Release(
        "tencentos-3",
        "tencentos",
        ("tencentos server", "tencentos linux"),
        r"3\.\d+",
        _RPM,
        "3.6",
        platforms=("platform:el8", "platform:el8.2"),
        pam_style="authselect",
    ),
    _Release("tencentos-4", "tencentos", ("tencentos server",), r"4\.\d+", _RPM, "3.11", platforms=("platform:tl4",)),
    _debian("12", "bookworm", "3.11"),
    _debian("13", "trixie", "3.13"),
    _ubuntu("22.04", "jammy", "3.10"),
    _ubuntu("24.04", "noble", "3.12"),
    *(_rhel_like("rhel", "rhel", "red hat enterprise linux", major) for major in (8, 9, 10)),
    *(_rhel_like("rocky", "rocky", "rocky linux", major) for major in (8, 9, 10)),
    *(_rhel_like("almalinux", "almalinux", "almalinux", major) for major in (8, 9, 10)),
    *(_rhel_like("centos-stream", "centos", "centos stream", major) for major in (9, 10)),
    *(_rhel_like("oracle", "ol", "oracle linux server", major) for major in (8, 9, 10)),
)

NAMES: tuple[str, ...] = tuple(release.name for release in RELEASES)
"""Every OS profile that yiyun knows."""


def identify(os_release: str, os_version: str | None = None) -> OsProfile:
    """Tell the OS from the content of /etc/os-release.

    `os_version` is the content of /etc/os-version, which only UOS has: it gives `.minor`, and tells editions apart where
    os-release alone does not. Never raises; the profile is `other` for every release that is not listed and where
    fields contradict each other.
    """
    fields, spoilt = _fields(os_release), _spoilt(os_release)
    pretty_name = fields.get("PRETTY_NAME", "")
    edition = _edition(os_version) if os_version and os_version.strip() else {}
    found = [release for release in RELEASES if not spoilt and _matches(release, fields, edition)]
    if len(found) != 1:
        return OsProfile(pretty_name=pretty_name)
    own = {
        "version": fields["VERSION_ID"],
        "minor": edition.get("MinorVersion", UNKNOWN),
        "pretty_name": pretty_name,
    }
    return _profile(found[0], own)


def of_name(name: str) -> OsProfile | None:
    """The profile of a name of `NAMES`, as far as the name alone tells; None for any other."""
    return next((_profile(release, {}) for release in RELEASES if release.name == name), None)


def _profile(release: _Release, seen: Mapping[str, str]) -> OsProfile:
    """What follows from a release, and what was `seen` of it on a host."""
    own: dict[str, object] = {
        "name": release.name,
        "python": release.python,
        "sshd_drop_ins": release.sshd_drop_ins,
        **seen,
    }
    if release.pam_style is not None:
        own["pam_style"] = release.pam_style
    return release.base.model_copy(update=own)


LOOKED_AT = ("ID", "NAME", "VERSION_ID", "VERSION", "VERSION_CODENAME", "PRETTY_NAME", "PLATFORM_ID")

_LINE = re.compile(r"""([A-Z][A-Z0-9_]*)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'\\]*))\s*""")


def _fields(os_release: str) -> dict[str, str]:
    """The assignments of an os-release file, unquoted; lines that are none are left out."""
    fields: dict[str, str] = {}
    for line in os_release.splitlines():
        if found := _LINE.fullmatch(line.strip()):
            name, double, single, bare = found.groups()
            value = re.sub(r"\\(.)", r"\1", double) if double is not None else (single if single is not None else bare)
            fields.setdefault(name, value)
    return fields


def _spoilt(os_release: str) -> bool:
    """Whether a field that is looked at is written twice or cannot be read."""
    names = [line.strip().partition("=")[0] for line in os_release.splitlines()]
    readable = _fields(os_release)
    return any(names.count(name) > 1 or (name in names and name not in readable) for name in LOOKED_AT)


def _edition(os_version: str) -> dict[str, str]:
    """The keys of UOS's /etc/os-version (an ini file with one section)."""
    pairs = (line.partition("=") for line in os_version.splitlines())
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _matches(release: _Release, fields: Mapping[str, str], edition: Mapping[str, str]) -> bool:
    needed = ("ID", "NAME", "PRETTY_NAME", "VERSION_ID", "VERSION")
    if not all(
        fields.get(name) for name in (*needed, *(("PLATFORM_ID", "VERSION_CODENAME") if release.complete else ()))
    ):
        return False
    names = release.names + (release.names_of_edition if edition else ())
    return (
        fields["ID"].lower() == release.id
        and fields["NAME"].lower() in names
        and re.fullmatch(release.version_id, fields["VERSION_ID"]) is not None
        and re.fullmatch(release.version, fields["VERSION"]) is not None
        and _begins(fields["VERSION"], fields["VERSION_ID"])
        and _shown(fields)
        and ("PLATFORM_ID" not in fields or fields["PLATFORM_ID"] in release.platforms)
        and (release.codename is None or fields.get("VERSION_CODENAME") == release.codename)
        and (not edition or _edition_matches(release, edition))
    )


def _begins(version: str, version_id: str) -> bool:
    """Whether VERSION is VERSION_ID with something after it: `22.04` of `22.04.3 LTS`, `12` of `12 (bookworm)`."""
    rest = version.removeprefix(version_id)
    return len(rest) < len(version) and (not rest or rest[0] == " " or re.match(r"\.\d", rest) is not None)


def _shown(fields: Mapping[str, str]) -> bool:
    """Whether PRETTY_NAME is made of NAME and VERSION: in full, without the code name (Ubuntu), or NAME alone (UOS)."""
    full, pretty = f"{fields['NAME']} {fields['VERSION']}", fields["PRETTY_NAME"]
    if pretty == fields["NAME"]:
        return re.search(rf"\b{re.escape(fields['VERSION_ID'])}\b", pretty) is not None
    return pretty == full or (full.startswith(f"{pretty} (") and fields["VERSION_ID"] in pretty)


def _edition_matches(release: _Release, edition: Mapping[str, str]) -> bool:
    """Whether /etc/os-version names the edition of `release`; no other OS than UOS has that file."""
    return (
        release.edition is not None
        and edition.get("ProductType") == "Server"
        and edition.get("EditionName") == release.edition
        and edition.get("MajorVersion") == "20"
        and re.fullmatch(r"\d{4}", edition.get("MinorVersion", "")) is not None
    )
