"""Values files for a chart, checked before helm gets them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from yiyun.errors import UserError
from yiyun.evidence.yaml_documents import Scalars, yaml_documents

LARGEST = 16 * 1024 * 1024


def read_values(files: Iterable[Path]) -> list[bytes]:
    """The content of each file. Read once, so that a pipe (`<(sops -d values.yaml)`) will do.

    Raises UserError naming file and line for a file that is missing or is not one YAML mapping.
    """
    return [_checked(file) for file in files]


def _checked(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            data = content.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"--values {file}: cannot be read: {error.strerror}; name a YAML file of values") from None
    if len(data) > LARGEST:
        raise UserError(f"--values {file}: is larger than {LARGEST >> 20} MiB, more than any chart's values")
    documents = list(yaml_documents(data, Scalars()))
    for document in documents:
        if document.problem:
            raise UserError(f"{file}:{document.line}: {document.problem}; a values file is one YAML mapping")
        if not isinstance(document.value, dict | None):
            what = "a list" if isinstance(document.value, list) else "a single value"
            raise UserError(f"{file}:1: is {what}; write a mapping, such as  replicas: 3")
    if len(documents) > 1:
        place = f"{file}:{documents[1].line}"
        raise UserError(f"{place}: a second document, which helm would not read; write all values into one mapping")
    return data


def for_one_chart(values: Sequence[Path], charts: Sequence[str], given: Iterable[str]) -> None:
    """Refuse values that are not for exactly one chart: nobody could say which of several is meant."""
    if values and len(charts) > 1:
        names = ", ".join(charts)
        raise UserError(
            f"--values is for one chart, and there are {len(charts)}: {names}; give one chart at a time with --manifests"
        )
    if values and not charts:
        raise UserError(
            f"--values is given, and there is no chart in {', '.join(given)}: "
            "a chart is a directory with Chart.yaml, or its .tgz file"
        )
