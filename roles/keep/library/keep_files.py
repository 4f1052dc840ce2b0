#!/usr/bin/python
"""Brings directories, files and links of a host to what a role promises, all of them in one visit."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: keep_files
short_description: Directories, files and links as a role promises them
description:
  - What ansible.builtin.file, copy and template do one by one, for whole lists, since starting Python on a host for each
    file takes most of a run's time. Works with Python 3.8.
  - In the order of the options. The first entry that cannot be brought about ends it; those before stay done.
  - Neither a host's journal nor an output has the content of a file; a diff has it unless the entry is secret.
options:
  directories:
    description: C(path), C(owner), C(group), C(mode); C(packaged) as in docs/roles.md. Missing parents are made like it.
  foretold:
    description: Directories that earlier tasks would have made; in check mode they do not count again.
  files:
    description: C(path), C(content) or C(secret_content), C(owner), C(group), C(mode), C(validate), a command with %s in
      place of the file. Without content the file must be there. A link in its place is replaced by the file.
  links:
    description: C(path) and C(target), the text of the link.
  absent:
    description: Paths at which nothing is to be, whatever it is now.
"""
RETURN = """
directories:
  description: Directories that were changed, or would be.
files:
  description: Files that were given another content, or would be.
"""

OWNED: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}
DIRECTORY = {**OWNED, "mode": {"type": "str", "default": "0755"}, "packaged": {"type": "bool", "default": False}}
FILE = {
    **OWNED,
    "mode": {"type": "str", "default": "0644"},
    "content": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    "validate": {"type": "str"},
}
LINK = {"path": {"type": "path", "required": True}, "target": {"type": "str", "required": True}}
ARGUMENTS = {
    "directories": {"type": "list", "elements": "dict", "options": DIRECTORY, "default": []},
    "foretold": {"type": "list", "elements": "path", "default": []},
    "files": {"type": "list", "elements": "dict", "options": FILE, "default": []},
    "links": {"type": "list", "elements": "dict", "options": LINK, "default": []},
    "absent": {"type": "list", "elements": "path", "default": []},
}


class Keeper:
    """One run of the module; `diff` grows by an entry for each change."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module, self.check = module, module.check_mode
        self.diff: list[dict[str, Any]] = []

    def fail(self, message: str, **more: Any) -> None:
        """End the module; what it changed before is reported too."""
        self.module.fail_json(msg=message, **self.report(), **more)

    def report(self) -> dict[str, Any]:
        """What every result says; an invocation would have the contents."""
        shown = {"diff": self.diff} if self.module._diff else {}
        return {"changed": bool(self.diff), "invocation": {}, **shown}

    def directory(self, entry: dict[str, Any], foretold: bool) -> bool:
        """Keep a directory; True where it was changed or would be."""
        path = Path(entry["path"])
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            self.fail(f"{path} is there and is no directory")
        if path.is_dir():
            return self.attributes(entry, path)
        if not self.check:
            missing = [part for part in (path, *path.parents) if not part.is_dir()]
            for part in reversed(missing):
                part.mkdir(0o700)
                self.changed(part, "absent", "directory")
                self.attributes(entry, part)
        elif foretold or entry["packaged"]:
            return False
        else:
            self.changed(path, "absent", "directory")
        return True

    def file(self, entry: dict[str, Any]) -> bool:
        """Keep a file; True where it was given another content, or would be."""
        path, secret = Path(entry["path"]), entry["secret_content"] is not None
        text = entry["secret_content"] if secret else entry["content"]
        if is_real_directory(path):
            self.fail(f"{path} is there and is a directory")
        if text is None:
            self.present(entry, path)
            return False
        wanted = text.encode("utf-8", "surrogateescape")
        found = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        if found == wanted:
            self.attributes(entry, path)
            return False
        if not self.check:
            self.write(path, wanted, entry["validate"])
        before = "" if found is None else found.decode("utf-8", "replace")
        if secret:
            self.changed(path, before and "(secret)\n", "(another secret)\n")
        else:
            self.changed(path, before, text)
        if not self.check or found is not None:
            self.attributes(entry, path)
        return True

    def present(self, entry: dict[str, Any], path: Path) -> None:
        """Keep owner and mode of a file that something else brings; in check mode it may not be there yet."""
        if path.is_symlink():
            self.fail(f"{path} is a link")
        if path.exists():
            self.attributes(entry, path)
        elif not self.check:
            self.fail(f"{path} is absent")

    def write(self, path: Path, content: bytes, validate: str | None) -> None:
        """Put a file in place at once, after its program has accepted it."""
        if not path.parent.is_dir():
            self.fail(f"{path}: its directory is not there")
        handle, new = tempfile.mkstemp(dir=self.module.tmpdir)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if validate is not None:
            code, said, complained = self.module.run_command(validate % new)
            if code != 0:
                self.fail(f"{path}: the new content was refused by {validate}", stdout=said, stderr=complained, rc=code)
        self.module.atomic_move(new, str(path))

    def attributes(self, entry: dict[str, Any], path: Path) -> bool:
        """Keep owner, group and mode; True where one was changed or would be."""
        wanted = self.module.load_file_common_arguments(entry, path=str(path))
        diff: dict[str, Any] = {"before": {"path": str(path)}, "after": {"path": str(path)}}
        changed: bool = self.module.set_fs_attributes_if_different(wanted, False, diff=diff, expand=False)
        if changed:
            self.diff.append(diff)
        return changed

    def link(self, path: Path, target: str) -> None:
        """Keep a symbolic link."""
        if is_real_directory(path):
            self.fail(f"{path} is there and is a directory")
        # Path.readlink came with Python 3.9.
        found = os.readlink(path) if path.is_symlink() else None  # noqa: PTH115
        if found == target:
            return
        if not self.check:
            beside = path.with_name(f"{path.name}.keep-{os.getpid()}")
            beside.symlink_to(target)
            beside.replace(path)
        self.changed(path, found or "", target)

    def nothing(self, path: Path) -> None:
        """Remove whatever is there."""
        if not path.is_symlink() and not path.exists():
            return
        if not self.check:
            if is_real_directory(path):
                shutil.rmtree(path)
            else:
                path.unlink()
        self.changed(path, "present", "absent")

    def changed(self, path: Path, before: str, after: str) -> None:
        """Note a change for --diff."""
        self.diff.append({"before_header": str(path), "after_header": str(path), "before": before, "after": after})


def is_real_directory(path: Path) -> bool:
    """A directory and no link to one."""
    return path.is_dir() and not path.is_symlink()


def main() -> None:
    """Run as a module of Ansible."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, no_log=True)
    os.umask(0o077)
    keeper, wanted = Keeper(module), module.params
    try:
        directories = [
            entry["path"]
            for entry in wanted["directories"]
            if keeper.directory(entry, entry["path"] in wanted["foretold"])
        ]
        files = [entry["path"] for entry in wanted["files"] if keeper.file(entry)]
        for entry in wanted["links"]:
            keeper.link(Path(entry["path"]), entry["target"])
        for path in wanted["absent"]:
            keeper.nothing(Path(path))
    except OSError as error:
        keeper.fail(str(error))
    module.exit_json(directories=directories, files=files, **keeper.report())


if __name__ == "__main__":
    main()
