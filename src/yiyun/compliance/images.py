"""Container images that an object makes a cluster run, wherever its kind keeps them."""

from typing import NamedTuple

from yiyun.compliance.admission import Admission, every_container
from yiyun.compliance.facts import Map, Object
from yiyun.compliance.pods import POD_KINDS, POD_PATHS, pod


class Image(NamedTuple):
    """One reference to an image."""

    path: str
    """Where it stands in the object."""
    reference: str

    @property
    def registry(self) -> str:
        """Host (and port) it is pulled from; `docker.io` when it names none."""
        first, slash, _ = self.reference.partition("/")
        named = slash and ("." in first or ":" in first or first == "localhost")
        return first if named else "docker.io"

    @property
    def tag(self) -> str:
        """Its tag, empty when it has none."""
        return self.reference.partition("@")[0].rpartition("/")[2].partition(":")[2]

    @property
    def digest(self) -> str:
        """Its digest, empty when it has none."""
        return self.reference.partition("@")[2]


_FIELDS = {
    "ceph.rook.io/CephCluster": ("spec.cephVersion.image",),
    "flink.apache.org/FlinkDeployment": ("spec.image",),
    "gateway.envoyproxy.io/EnvoyProxy": (
        "spec.provider.kubernetes.envoyDeployment.container.image",
        "spec.provider.kubernetes.envoyDaemonSet.container.image",
    ),
    "oceanbase.oceanbase.com/OBCluster": ("spec.observer.image", "spec.monitor.image"),
    "pingcap.com/BackupSchedule": ("spec.backupTemplate.toolImage", "spec.logBackupTemplate.toolImage"),
    "pingcap.com/TidbInitializer": ("spec.image",),
    "postgresql.cnpg.io/Cluster": ("spec.imageName",),
}
_TIDB = "pingcap.com/TidbCluster"
_TIDB_PARTS = {
    "pd": "pingcap/pd",
    "tikv": "pingcap/tikv",
    "tidb": "pingcap/tidb",
    "tiflash": "pingcap/tiflash",
    "ticdc": "pingcap/ticdc",
    "pump": "pingcap/tidb-binlog",
}
"""Part -> the image that its definition fills in where none is named."""
_VIRTUAL_MACHINE = "kubevirt.io/VirtualMachine"
IMAGE_KINDS = (*POD_KINDS, *_FIELDS, _TIDB, _VIRTUAL_MACHINE)
"""Kinds that name images."""


def images(obj: Object) -> list[Image]:
    """All images of an object of IMAGE_KINDS."""
    if obj.id in POD_PATHS or "pod" in obj.shared:
        return [Image(c.facts.at("image"), c.facts.text("image")) for c in pod(obj).containers if c.facts.has("image")]
    if obj.id == _TIDB:
        return list(_tidb(obj.spec))
    if obj.id == _VIRTUAL_MACHINE:
        disks = [v.map("containerDisk") for v in obj.spec.walk("template.spec").maps("volumes")]
        return [Image(disk.at("image"), disk.text("image")) for disk in disks if disk]
    found = []
    for field in _FIELDS[obj.id]:
        parent, _, key = field.rpartition(".")
        holder = obj.root.walk(parent)
        if holder.has(key):
            found.append(Image(holder.at(key), holder.text(key)))
    return found


def _tidb(spec: Map) -> list[Image]:
    """TiDB Operator joins `baseImage` and the version of the part or of the cluster; `image` overrides both."""
    found = []
    for name, usual in _TIDB_PARTS.items():
        if not spec.has(name):
            continue
        part = spec.map(name)
        if part.has("image"):
            found.append(Image(part.at("image"), part.text("image")))
        else:
            version = part.text("version") or spec.text("version")
            base = part.text("baseImage") if part.has("baseImage") else usual
            found.append(Image(part.at("baseImage"), f"{base}:{version}" if version else base))
    return found


def every_image(predicate: str) -> tuple[Admission, ...]:
    """Every `image` of an object of IMAGE_KINDS is as `predicate` says, in CEL."""
    return (
        Admission(every_container(f"[c.?image.orValue('')].all(image, {predicate})").expression, POD_KINDS),
        *(
            Admission(" && ".join(_named(field, predicate) for field in fields), (kind,), name=_short(kind))
            for kind, fields in _FIELDS.items()
        ),
        Admission(" && ".join(_of_part(part, predicate) for part in _TIDB_PARTS), (_TIDB,), name=_short(_TIDB)),
        Admission(
            "object.?spec.?template.?spec.?volumes.orValue([]).all(v, "
            f"!has(v.containerDisk) || [v.containerDisk.image].all(image, {predicate}))",
            (_VIRTUAL_MACHINE,),
            name=_short(_VIRTUAL_MACHINE),
        ),
    )


def _short(kind: str) -> str:
    return kind.rpartition("/")[2].lower() if kind.partition(".")[0] != "postgresql" else "postgresql"


def _named(field: str, predicate: str) -> str:
    path = "".join(f".?{key}" for key in field.split("."))
    return f"object{path}.optMap(image, {predicate}).orValue(true)"


def _of_part(part: str, predicate: str) -> str:
    at = f"object.spec.{part}"
    version = f"({at}.?version.orValue('') != '' ? {at}.version : object.?spec.?version.orValue(''))"
    named = f"{at}.?baseImage.orValue('') + ({version} != '' ? ':' + {version} : '')"
    return f"(!has({at}) || [{at}.?image.orValue({named})].all(image, {predicate}))"
