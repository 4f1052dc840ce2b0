"""Takes secrets out of Kubernetes objects before they are judged and kept; what rules ask of the rest stays.

Data of Secrets go, whatever they are. Elsewhere a secret is known by its place (first-boot settings of machines, the
copy of an object that kubectl leaves in an annotation, an environment variable called PASSWORD) or by its form (a
private key, a token, a password hash, `--password=...`, a password in a URL).
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

GONE = "(not kept)"
_COPY = "kubectl.kubernetes.io/last-applied-configuration"
_FIRST_BOOT = ("userData", "networkData")
_NOT_TEXT = "A"
"""Base64 of nothing: no rule can read it either."""
_WORD = r"(?:pass(?:word|wd|phrase)?|pwd|token|secret|(?:access|secret|api|private)[-_]?key|credentials?)"
_VARIABLE = re.compile(rf".*{_WORD}", re.IGNORECASE | re.DOTALL)
"""Name of an environment variable that holds a secret; TOKEN_TTL holds none."""
_FIELD = re.compile(r".*(?:password|passwd|passphrase)|(?:bearer|access|auth)?_?token", re.IGNORECASE | re.DOTALL)
"""Name of a field that holds a secret as text. One that ends in `secret` names an object instead."""
_IN_URL = re.compile(r"(\w://[^\s/:@]*:)[^\s/@]+(?=@)")
_FORMS = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), GONE),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), GONE),
    (re.compile(r"\$(?:1|2[aby]?|5|6|7|y|gy|argon2\w*|scrypt)\$[\w./$=,+-]{8,}"), GONE),
    (_IN_URL, rf"\1{GONE}"),
    (
        re.compile(rf"((?<![^\s\"'?&;,{{-])(?:[\w.]+[-_.])?{_WORD}(?:\s*=\s*|\s*:\s+|[\"']\s*:\s*))[^\s,;&]+", re.I),
        rf"\1{GONE}",
    ),
)
_FLAG = re.compile(rf"--?(?:[\w.]+[-_.])?{_WORD}", re.IGNORECASE)
"""A flag whose value is the next argument."""
_KEY_OF_LINE = re.compile(r"\s*-?\s*[\w.-]+\s*:")


def redacted(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the object without secrets and without `managedFields`, which say who wrote what and nothing more."""
    found: dict[str, Any] = {
        key: _metadata(value) if key == "metadata" and isinstance(value, Mapping) else _value(value)
        for key, value in obj.items()
    }
    if obj.get("kind") == "Secret":
        for part in ("data", "stringData"):
            held = obj.get(part)
            if isinstance(held, Mapping):
                found[part] = {key: value if value in (None, "") else GONE for key, value in held.items()}
            elif held is not None:
                found[part] = GONE
    return found


def without_url_passwords(text: str) -> str:
    """The text with no password in any URL."""
    return _IN_URL.sub(rf"\1{GONE}", text)


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: _value(value) for key, value in metadata.items() if key != "managedFields"}
    if isinstance(found.get("annotations"), dict):
        found["annotations"].pop(_COPY, None)
    return found


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list):
        return [GONE if before is not None and _is_flag(before) else _value(item) for before, item in _pairs(value)]
    return value


def _pairs(values: list[Any]) -> list[tuple[Any, Any]]:
    """Each item with the one before it."""
    return list(zip([None, *values], values, strict=False))


def _is_flag(value: Any) -> bool:
    return isinstance(value, str) and _FLAG.fullmatch(value) is not None


def _mapping(holder: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in holder.items():
        if key in _FIRST_BOOT and isinstance(value, str):
            found[key] = _first_boot(value)
        elif key.removesuffix("Base64") in _FIRST_BOOT and isinstance(value, str):
            found[key] = _first_boot_base64(value)
        elif isinstance(value, str) and value and _FIELD.fullmatch(key):
            found[key] = GONE
        else:
            found[key] = _value(value)
    name = holder.get("name")
    if isinstance(name, str) and isinstance(holder.get("value"), str) and holder["value"] and _VARIABLE.fullmatch(name):
        found["value"] = GONE
    return found


def _text(text: str) -> str:
    for form, instead in _FORMS:
        text = form.sub(instead, text)
    return text


def _first_boot(text: str) -> str:
    """First-boot settings: of each line its key, so that a rule still sees what is set, and nothing of the values."""
    return "\n".join(
        f"{match[0]} {GONE}" if (match := _KEY_OF_LINE.match(line)) else GONE if line.strip() else line
        for line in text.split("\n")
    )


def _first_boot_base64(encoded: str) -> str:
    try:
        text = base64.b64decode(encoded).decode()
    except (binascii.Error, ValueError):
        return _NOT_TEXT
    return base64.b64encode(_first_boot(text).encode()).decode()
