"""JSON Schemas of site.yaml and of the host variables in hosts.yaml, made from the models (docs/schemas/)."""

import ast
import inspect
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from yiyun.site import model
from yiyun.site.model import Host, SiteSpec
from yiyun.site.validation import ANSIBLE_VARIABLES, HOST_VARIABLES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def site_schema() -> dict[str, Any]:
    """Schema of site.yaml."""
    return {"$schema": DIALECT, "$id": "urn:yiyun:schema:site:1", **_described(SiteSpec), "title": "site.yaml"}


def hosts_schema() -> dict[str, Any]:
    """Schema of one host's variables after merging. Variables that are not yiyun's are left to Ansible."""
    host = _described(Host)
    fields = {variable: host["properties"][field] for variable, field in HOST_VARIABLES.items()}
    fields["yiyun_arch"]["description"] = "Follows from yiyun_cpu_family; only family `other` must write it."
    return {
        "$schema": DIALECT,
        "$id": "urn:yiyun:schema:hosts:1",
        "title": "Variables of one host in hosts.yaml",
        "description": "Values are plain: Ansible may template other variables, not these.",
        "type": "object",
        "properties": fields,
        "required": [name for name, field in HOST_VARIABLES.items() if field in host["required"] and field != "arch"],
        "propertyNames": {
            "anyOf": [{"not": {"pattern": "^yiyun_"}}, {"enum": sorted((*HOST_VARIABLES, *ANSIBLE_VARIABLES))}]
        },
        "$defs": host["$defs"],
    }


def write(directory: Path) -> list[Path]:
    """Write `site.json` and `hosts.json` into a directory, which is made if needed; return their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in (("site.json", site_schema()), ("hosts.json", hosts_schema())):
        path = directory / name
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _described(root: type[BaseModel]) -> dict[str, Any]:
    """Pydantic's schema of a model, with the docstrings of its fields as descriptions."""
    schema = root.model_json_schema()
    docs = _field_docs()
    for name, part in [(root.__name__, schema), *schema.get("$defs", {}).items()]:
        for field, properties in part.get("properties", {}).items():
            properties.pop("title", None)
            if field in docs.get(name, {}):
                properties["description"] = docs[name][field]
    return schema


def _field_docs() -> dict[str, dict[str, str]]:
    """Docstring of each field of each model: the text that follows it in the source."""
    docs: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(model)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, after in zip(node.body, node.body[1:], strict=False):
            text = after.value if isinstance(after, ast.Expr) else None
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Constant)
                and isinstance(text.value, str)
            ):
                docs.setdefault(node.name, {})[field.target.id] = " ".join(text.value.split())
    return docs
