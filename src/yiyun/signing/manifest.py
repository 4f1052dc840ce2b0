"""What the manifests of signed directories have in common: closed models, their text, their published schema."""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Closed(BaseModel):
    """A part of a manifest: fields that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def encode(manifest: BaseModel, *lists: str) -> bytes:
    """JSON in which each entry of the fields `lists`, which come last, has a line, so that two can be compared."""
    content = manifest.model_dump(mode="json", by_alias=True)
    entries = {name: content.pop(name) for name in lists}
    parts = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in content.items()]
    parts += [f" {json.dumps(name)}: [{_lines(listed)}]" for name, listed in entries.items()]
    return "{{\n{}\n}}\n".format(",\n".join(parts)).encode()


def _lines(entries: Iterable[Any]) -> str:
    lines = ",\n".join(f"  {json.dumps(entry, ensure_ascii=False)}" for entry in entries)
    return f"\n{lines}\n " if lines else ""


def published_schema(model: type[BaseModel], kind: str, title: str) -> dict[str, Any]:
    """JSON Schema of a manifest, without the titles that pydantic makes of field names."""
    described = model.model_json_schema(by_alias=True)
    for part in (described, *described["$defs"].values()):
        for properties in part["properties"].values():
            properties.pop("title", None)
            if "description" in properties:
                properties["description"] = re.sub(r"\s*\n\s*", " ", properties["description"])
    return {"$schema": DIALECT, "$id": f"urn:yiyun:schema:{kind}:1", **described, "title": title}
