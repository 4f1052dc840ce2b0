"""`./yiyun policies`: the rules as policies that the API server enforces by itself."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import yaml

from yiyun.cli.console import err, load_site
from yiyun.cli.gate import PACK
from yiyun.compliance.admission_policies import exported
from yiyun.compliance.loader import load_rules
from yiyun.compliance.waivers import load_waivers
from yiyun.errors import UserError
from yiyun.operations import policies

app = typer.Typer(no_args_is_help=True, help="The rules as policies that the API server enforces by itself.")
STDOUT = Path("-")


@app.callback()
def _only_subcommands() -> None:
    """The rules as policies that the API server enforces by itself."""


@app.command()
def export(
    site: Annotated[str, typer.Option("--site", "-s", help="Whose waivers to name: a shipped site, or a path.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write; - is stdout.")] = STDOUT,
) -> None:
    """Write a ValidatingAdmissionPolicy and its binding for every rule that an API server can judge by itself."""
    loaded = load_site(site)
    rules = load_rules(PACK)
    manifests = policies.manifests(rules)
    today = datetime.now(UTC).astimezone().date()
    said = policies.left_out(rules) + policies.refused_although_waived(
        rules, load_waivers(loaded.path / "waivers.yaml"), today
    )
    text = yaml.safe_dump_all(manifests, sort_keys=False, allow_unicode=True, width=10_000)
    if out == STDOUT:
        sys.stdout.write(text)
    else:
        _write(out, text)
    for line in said:
        err.print(line, markup=False)
    err.print(f"{len(manifests) // 2} policies of {len(exported(rules))} rules", markup=False)


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out {out}: cannot be written: {error.strerror}") from error
