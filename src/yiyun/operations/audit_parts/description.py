"""The site's description as it was on the day of an audit: what rules were asked about, waivers, attestations.

<dir>/site.yaml, waivers.yaml       as they were, without passwords in URLs
<dir>/hosts.json                    the hosts as rules see them; other variables of hosts.yaml are nobody's business
<dir>/attestations/, ...            with the files that they show, where those lie in the site's directory
"""

import json
import shutil
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from yiyun import files
from yiyun.compliance.attestations import DIRECTORY as ATTESTATIONS
from yiyun.compliance.attestations import evidence_paths
from yiyun.errors import UserError
from yiyun.evidence.redaction import without_url_passwords
from yiyun.site import Site, document
from yiyun.site.model import Host
from yiyun.site.validation import spec_of

DIRECTORY = "site"
"""Of the copy, below the audit's."""
HOSTS = "hosts.json"
_HOSTS = TypeAdapter(tuple[Host, ...])


def save(directory: Path, site: Site) -> None:
    """Copy a site's description. Raises SiteError for attestations that cannot be read."""
    files.make_dir(directory)
    for name in ("site.yaml", "waivers.yaml"):
        if (site.path / name).is_file():
            text = (site.path / name).read_text(encoding="utf-8")
            files.write(directory / name, without_url_passwords(text))
    files.write_json(directory / HOSTS, json.loads(_HOSTS.dump_json(site.hosts)))
    attestations = [f"{ATTESTATIONS}/{file.name}" for file in sorted((site.path / ATTESTATIONS).glob("*.yaml"))]
    shown = [path for path in evidence_paths(site.path) if _inside(site.path, path)]
    for path in (*attestations, *shown):
        if (site.path / path).is_file():
            files.make_dir((directory / path).parent)
            shutil.copyfile(site.path / path, directory / path)


def load(directory: Path) -> Site | None:
    """The site of that day; None where the evidence has no copy of it. Raises UserError for a copy that is none."""
    if not (directory / HOSTS).is_file():
        return None
    try:
        hosts = _HOSTS.validate_json((directory / HOSTS).read_bytes())
    except ValidationError as error:
        raise UserError(f"{directory / HOSTS}:1: is not a list of hosts: {error.error_count()} problems") from None
    return Site(directory.resolve(), spec_of(document.read(directory / "site.yaml")), hosts)


def _inside(site_dir: Path, path: str) -> bool:
    """Whether a file lies in the site's directory. Others are read where they are, also later."""
    return not Path(path).is_absolute() and (site_dir / path).resolve().is_relative_to(site_dir.resolve())
