"""File systems: what is mounted, not what fstab says. The real mount does it in a mount namespace."""

from effective.case import Case, Side, said, with_line

FSTAB = "tmpfs {} tmpfs {} 0 0\n"


def _side(point: str, fstab: str, mounted: str) -> Side:
    text = said("mounts")
    start = {"/tmp": "220 ", "/dev/shm": "223 ", "/var/tmp": ""}[point]  # noqa: S108
    line = f"{start or '230 '}219 0:60 / {point} {mounted},relatime shared:22 - tmpfs tmpfs "
    text = with_line(text, start, line) if start else f"{text}\n{line}\n"
    return Side(
        {"/etc/fstab": FSTAB.format(point, fstab)},
        {"mounts": text},
        then=f"mkdir -p {point}; mount -t tmpfs -o {mounted} tmpfs {point}",
    )


CASES = [
    Case(
        rule,
        point,
        f"{point} is mounted without {missing}",
        looks_right=_side(point, f"rw,{wanted}", f"rw,{wrong}"),
        looks_wrong=_side(point, "defaults", f"rw,{wanted}"),
        programs="mount",
    )
    for rule, point, wanted, wrong, missing in (
        ("mount_tmp", "/tmp", "nosuid,nodev", "nosuid", "nodev"),  # noqa: S108
        ("mount_shared_memory", "/dev/shm", "nosuid,nodev,noexec", "nosuid,nodev", "noexec"),  # noqa: S108
        ("mount_var_tmp", "/var/tmp", "nosuid,nodev", "nodev", "nosuid"),  # noqa: S108
    )
]
