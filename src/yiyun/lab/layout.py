"""Where the files of one lab lie: all below `<state of the site>/lab`, readable by their owner alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from yiyun import files

Person = Literal["admin", "ops", "auditor", "ci"]
PEOPLE: tuple[Person, ...] = get_args(Person)


@dataclass(frozen=True)
class Layout:
    """Paths of one lab."""

    root: Path

    @property
    def pki(self) -> Path:
        """Authorities, certificates, keys."""
        return self.root / "pki"

    @property
    def config(self) -> Path:
        """Configuration files of the parts."""
        return self.root / "config"

    @property
    def data(self) -> Path:
        """What etcd holds."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        """One log per part."""
        return self.root / "logs"

    @property
    def audit_log(self) -> Path:
        """API audit log, one JSON object a line; rotated ones lie beside it."""
        return self.root / "audit" / "audit.log"

    @property
    def ports(self) -> Path:
        """Ports by name."""
        return self.root / "ports.json"

    @property
    def unchecked(self) -> Path:
        """Names of the resource definitions that were registered with an open schema."""
        return self.root / "unchecked.json"

    def record(self, part: str) -> Path:
        """What was recorded when a part was started."""
        return self.root / "run" / f"{part}.json"

    def log(self, part: str) -> Path:
        """Log of one part."""
        return self.logs / f"{part}.log"

    def kubeconfig(self, person: str) -> Path:
        """Kubeconfig of one person."""
        return self.root / "kubeconfig" / f"{person}.yaml"

    def make(self) -> None:
        """Make all directories."""
        files.make_dir(self.root)
        for path in (self.pki, self.config, self.data, self.logs, self.audit_log.parent):
            files.make_dir(path)
        files.make_dir(self.record("x").parent)
        files.make_dir(self.kubeconfig("x").parent)
