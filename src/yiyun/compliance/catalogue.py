"""The MLPS level 3 catalogue of a pack: `catalogue.yaml`, rows of GB/T 22239-2019 in own short words."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from yiyun.errors import UserError


class Row(BaseModel):
    """One item of the standard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^8\.[12]\.\d{1,2}\.\d{1,2}-[a-z]$")]
    """Clause of GB/T 22239-2019."""
    unit: Annotated[str, StringConstraints(pattern=r"^L3-[A-Z]{3}[12]-\d{2}$")]
    """Evaluation unit of GB/T 28448-2019."""
    title_zh: Annotated[str, Field(min_length=1)]
    title_en: Annotated[str, Field(min_length=1)]
    high_risk_2025: str | None = None
    """Case number in the 2025 high-risk guide, None when it is not named there."""
    major_hazard: str | None = None
    """Number in the major-hazard list of the 2025 report template."""
    automatable: Literal["host", "kubernetes", "iac", "network", "manual"]
    """Where a machine would look first."""
    undecidable: str | None = None
    """Why manifests, previews and site.yaml cannot decide it, where they cannot."""


def load_catalogue(pack_dir: Path | str) -> tuple[Row, ...]:
    """Read the catalogue. Raises UserError, naming the file, when it is not as `Row` says or has a clause twice."""
    file = Path(pack_dir) / "catalogue.yaml"
    try:
        rows = TypeAdapter(tuple[Row, ...]).validate_python(yaml.load(file.read_bytes(), yaml.CSafeLoader))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise UserError(f"{file}: {error}") from error
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise UserError(f"{file}: clause {row.id} stands there twice")
        seen.add(row.id)
    return rows
