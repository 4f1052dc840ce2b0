"""The JSON Schema of bundle.json, made from its model. `python -m yiyun.bundle.schema` writes docs/schemas/bundle.json."""

import json
from pathlib import Path
from typing import Any

from yiyun.bundle.manifest import Manifest
from yiyun.paths import CHECKOUT
from yiyun.signing.manifest import published_schema

PLACE = CHECKOUT / "docs" / "schemas" / "bundle.json"


def schema() -> dict[str, Any]:
    """Schema of the manifest. That paths are unique and lead nowhere else is checked by the reader beside it."""
    return published_schema(Manifest, "bundle", "bundle.json")


def write(path: Path = PLACE) -> None:
    """Write the published schema."""
    path.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
