"""Finds the rules of a policy pack: `policies/<pack>/rules/<control family>/<rule_id>.py`, one rule a file."""

import importlib.util
import sys
from functools import cache
from pathlib import Path

from yiyun.compliance.rule import Rule
from yiyun.errors import UserError


def load_rules(pack_dir: Path | str) -> tuple[Rule, ...]:
    """Load all rules of a pack, in order of id. A file that has not changed is run once in a process.

    Raises UserError, naming the file, for a pack without rules, a file that is not one rule of its own name, and
    two files of one name.
    """
    pack = Path(pack_dir)
    files = sorted((pack / "rules").glob("*/*.py"))
    if not files:
        raise UserError(f"{pack}: no rules found; a pack has rules/<control family>/<rule_id>.py")
    misplaced = [f for f in (pack / "rules").rglob("*.py") if f.parent.parent != pack / "rules"]
    if misplaced:
        raise UserError(f"{misplaced[0]}: a rule lies in rules/<control family>/<rule_id>.py")
    home = pack.resolve()
    rules: dict[str, Rule] = {}
    places: dict[str, Path] = {}
    for file in files:
        about = file.stat()
        found = _load(file, home, (about.st_ino, about.st_mtime_ns, about.st_size))
        if found.id in rules:
            raise UserError(f"{file}: rule {found.id} stands already in {places[found.id]}")
        rules[found.id] = found
        places[found.id] = file
    return tuple(rules[name] for name in sorted(rules))


@cache
def _load(file: Path, pack: Path, _state: tuple[int, int, int]) -> Rule:
    """Run one file and take the one rule it defines. `_state` tells a changed file from the one that was run."""
    module_name = f"yiyun_rules_{pack.name}_{file.parent.name}_{file.stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise UserError(f"{file}: cannot be loaded as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever a rule's file raises is its author's mistake
        raise UserError(f"{file}: {type(error).__name__}: {error}") from error
    found = [value for value in vars(module).values() if isinstance(value, Rule)]
    if len(found) != 1:
        raise UserError(f"{file}: must define exactly one rule, defines {len(found)}")
    if found[0].id != file.stem:
        raise UserError(f"{file}: defines the rule {found[0].id}; file and function must have one name")
    return found[0]
