"""`./yiyun attest`: a person says that a document holds, for the clauses that no rule can judge alone."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from yiyun.cli.console import out, site_directory
from yiyun.cli.gate import PACK
from yiyun.errors import UserError


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(attest)


def attest(
    site: Annotated[str, typer.Option("--site", "-s", help="Name of a shipped site, or a path.")],
    clause: Annotated[list[str], typer.Option("--clause", help="Clause it is shown for, such as 8.1.1.5-a.")],
    document: Annotated[str, typer.Option("--document", help="Its name in policies/mlps3/documents.yaml.")],
    file: Annotated[Path, typer.Option("--file", help="The file that shows it; its sha256 is kept.")],
    who: Annotated[str, typer.Option("--who", help="Who attests: name and post.")],
    field: Annotated[
        list[str] | None, typer.Option("--field", help="NAME=VALUE: what the document states (repeatable).")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Last day on which it counts; else as long as the document is good.")
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(help="More clauses for --clause.", show_default=False)] = None,
) -> None:
    """Write an attestation into the site's attestations/; exit 2, and nothing written, when it would not count."""
    from yiyun.compliance.attest import write_attestation
    from yiyun.compliance.catalogue import load_catalogue

    written, made, new = write_attestation(
        site_directory(site),
        load_catalogue(PACK),
        datetime.now(UTC).astimezone().date(),
        document=document,
        clauses=[*clause, *(more or ())],
        who=who,
        evidence=file,
        fields=_fields(field or ()),
        until=None if until is None else _day(until),
    )
    out.print(f"{'wrote' if new else 'unchanged:'} {written}", markup=False)
    out.print(f"{document} counts for {', '.join(made.clauses)} until {made.until}", markup=False)
    if Path(made.evidence.path).is_absolute():
        out.print(
            f"{made.evidence.path} lies outside of the site: an audit from elsewhere will not find it", markup=False
        )


def _fields(given: list[str] | tuple[str, ...]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name in fields:
            raise UserError(f"--field {text}: " + ("is given twice; keep one" if equals else "write NAME=VALUE"))
        fields[name] = value
    return fields


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"--until {text}: write a date such as 2027-03-31") from None
