"""Calls of the real pulumi: previews that are read as data, updates that follow a saved plan."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from yiyun import toolchain
from yiyun.compliance.hidden_objects import EXPANDED, type_of, why_hidden
from yiyun.errors import UserError
from yiyun.operations import environment, lock
from yiyun.operations.computed import known
from yiyun.operations.projects import Project
from yiyun.site import Site

Report = Callable[[str], None]
CHANGES = ("create", "update", "replace", "delete")
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
_OP_NAMES = {"create-replacement": "replace", "delete-replaced": "replace", "import": "create"}


@dataclass(frozen=True)
class Step:
    """What pulumi would do, or need not do, with one Kubernetes object."""

    operation: str
    """One of CHANGES, `same`, or `mend`: pulumi need not act, but the object differs on the server."""
    urn: str
    manifest: dict[str, Any]
    """The wished object; of a delete the object as it was written last."""
    changed_paths: tuple[str, ...] = ()
    protected: bool = False
    """It holds data: pulumi refuses to delete it."""
    mend: bool = False
    """It is applied again before pulumi acts, because others changed or deleted it."""
    taken_from: str = ""
    """Who made the existing object that a create takes over; empty: nobody did."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """How the object would stand in the stack's state."""

    @property
    def hides(self) -> str:
        """Why it cannot be judged, since it hides objects or says not what it is; empty for an object."""
        return why_hidden(type_of(self.urn), {name: known(self.manifest.get(name)) for name in ("apiVersion", "kind")})

    @property
    def is_object(self) -> bool:
        """Whether it is a Kubernetes object that says what it is."""
        return not self.hides

    @property
    def key(self) -> str:
        """`Kind/namespace/name`, as components name it."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Preview:
    """All objects of one stack and what an update would do with them."""

    project: Project
    plan: Path
    steps: tuple[Step, ...]
    kept: tuple[Step, ...] = field(default=())
    """Objects that hold data and left site.yaml: they stay in state and cluster until deleted by name."""

    def of(self, *operations: str) -> list[Step]:
        """The steps with one of `operations`."""
        return [step for step in self.steps if step.operation in operations]

    @property
    def changes(self) -> list[Step]:
        """The steps that change something."""
        return self.of(*CHANGES)

    @property
    def mends(self) -> list[Step]:
        """The steps whose object is applied again before pulumi acts."""
        return [step for step in self.steps if step.mend]

    @property
    def wished(self) -> list[Step]:
        """The steps whose object is wished for: everything but deletes."""
        return [step for step in self.steps if step.operation != "delete"]


class Engine:
    """Pulumi on one site."""

    def __init__(self, site: Site, person: str = "ops", *, save_plans: bool = True) -> None:
        """`save_plans=False`: previews leave no plan behind, so they do not disturb an up at the same time."""
        self.site = site
        self.env = {
            **os.environ,
            **environment.variables(site, person),
            "YIYUN_GATE": "on",
            # A field that somebody else changed is set back when site.yaml changes it, too. Whole objects of somebody
            # else's are refused before pulumi is asked; plain pulumi, which does not ask that, stops at a conflict.
            "PULUMI_K8S_ENABLE_PATCH_FORCE": "true",
            lock.STARTED_BY: str(os.getpid()),
        }
        self.pulumi = str(toolchain.find("pulumi"))
        self.save_plans = save_plans
        self._stopped = False
        self._running: set[subprocess.Popen[str]] = set()
        self._guard = threading.Lock()

    def command(self, project: Project, *args: str) -> list[str]:
        """The plain command, as a user could run it inside the stack's directory after `./yiyun env`."""
        config = environment.config_file(self.site, project.name)
        return ["pulumi", *args, "--stack", self.site.name, "--config-file", str(config), "--non-interactive"]

    def run(self, project: Project, args: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run pulumi to its end and return what it printed."""
        with self._pulumi(args, cwd or project.directory, subprocess.PIPE, subprocess.PIPE) as process:
            printed, errors = process.communicate()
        return subprocess.CompletedProcess(args, process.returncode, printed, errors)

    @contextmanager
    def _pulumi(
        self, args: list[str], cwd: Path, stdout: IO[str] | int, stderr: int
    ) -> Iterator[subprocess.Popen[str]]:
        """Start pulumi; on leaving the block, wait for its end. Raises UserError after `stop`."""
        command = [self.pulumi, *args, "--color", "never"]
        with self._guard:
            if self._stopped:
                raise UserError(f"pulumi {args[0]} was not begun")
            process = subprocess.Popen(
                command, cwd=cwd, env=self.env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True
            )
            self._running.add(process)
        try:
            with process:
                yield process
        finally:
            self._running.discard(process)

    def stop(self) -> None:
        """End every pulumi that runs, and start none any more: they are asked first, and killed after 10 s."""
        with self._guard:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()

    def ensure_stack(self, project: Project) -> None:
        """Create the stack and its config file, outside of stacks/, when they are not there yet."""
        config = environment.config_file(self.site, project.name)
        if config.exists():
            return
        config.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            shutil.copyfile(project.directory / "Pulumi.yaml", Path(scratch) / "Pulumi.yaml")
            args = ["stack", "select", "--create", self.site.name, "--non-interactive"]
            done = self.run(project, args, cwd=Path(scratch))
            if done.returncode:
                raise UserError(f"cannot create stack {project.pulumi_name}/{self.site.name}: {_last_words(done)}")
            made = Path(scratch) / config.name
            content = made.read_text(encoding="utf-8") if made.exists() else ""
        fresh = config.with_name(f".{config.name}.{os.getpid()}")
        fresh.write_text(content, encoding="utf-8")
        fresh.replace(config)

    def preview(self, project: Project, policy_pack: Path | None = None) -> Preview:
        """Preview one stack; the plan is saved in the site's state.

        Objects that hold data and are no longer wished for are left out of the plan and returned as `kept`.
        Raises UserError with pulumi's own words when the preview fails, the policy pack included.
        """
        self.ensure_stack(project)
        plan = self.site.state_dir / "plans" / f"{project.name}.json"
        plan.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        steps = self._preview(project, plan, policy_pack, [])
        kept = tuple(s for s in steps if s.operation == "delete" and s.protected)
        if kept:
            steps = self._preview(project, plan, policy_pack, [f"--exclude={s.urn}" for s in kept])
            steps = [s for s in steps if s.urn not in {k.urn for k in kept}]
        return Preview(project, plan, tuple(steps), kept)

    def _preview(self, project: Project, plan: Path, pack: Path | None, extra: list[str]) -> list[Step]:
        args = self.command(project, "preview", "--json", "--show-sames", *extra)[1:]
        if self.save_plans:
            args += ["--save-plan", str(plan)]
        if pack is not None:
            args += ["--policy-pack", str(pack)]
        done = self.run(project, [*args, "--ignore-protect"])
        if plan.exists():
            plan.chmod(0o600)
        try:
            content = json.loads(done.stdout[done.stdout.index("{") :])
        except ValueError:
            raise UserError(f"preview of {project.name} failed: {_last_words(done)}") from None
        if done.returncode:
            raise UserError(f"preview of {project.name} failed:\n{_diagnostics(content) or _last_words(done)}")
        return read_steps(content["steps"])

    def update(self, preview: Preview, report: Report, log: Path) -> None:
        """Do what `preview` planned and nothing else. All of pulumi's output goes to `log`.

        Raises UserError with the failing objects when pulumi fails.
        """
        project = preview.project
        excludes = [f"--exclude={step.urn}" for step in preview.kept]
        plan = ["--plan", str(preview.plan)]
        args = self.command(project, "up", "--yes", "--skip-preview", "--suppress-outputs", *plan, *excludes)[1:]
        self._follow(project, args, len(preview.changes), report, log)

    def follow(self, project: Project, args: list[str], total: int, report: Report, log: Path) -> None:
        """Run a pulumi command that changes things, with progress. Raises UserError when it fails."""
        self._follow(project, self.command(project, *args)[1:], total, report, log)

    def _follow(self, project: Project, args: list[str], total: int, report: Report, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        done = 0
        step = max(1, total // 5)
        # Pulumi writes the log itself: it goes on to its end even when this process is killed.
        with (
            log.open("w", encoding="utf-8") as sink,
            log.open(encoding="utf-8") as source,
            self._pulumi(args, project.directory, sink, subprocess.STDOUT) as process,
        ):
            for line in _lines(source, process):
                if " kubernetes:" in line and any(f" {verb} (" in line for verb in _DONE):
                    done += 1
                    if done % step == 0 or done == total:
                        report(f"{project.name}: {done} of {total} objects")
        if code := process.returncode:
            words = _error_lines(log.read_text(encoding="utf-8"))
            if code < 0:
                words = f"pulumi was killed by signal {-code}"
            raise UserError(
                f"update of {project.name} failed (log: {log}):\n{words}\nRun the same command again to go on."
            )

    def export(self, project: Project) -> dict[str, Any]:
        """Return the stack's deployment, or an empty one when the stack was never made."""
        if not environment.config_file(self.site, project.name).exists():
            return {}
        done = self.run(project, ["stack", "export", "--stack", self.site.name])
        if done.returncode:
            raise UserError(f"cannot read the state of {project.name}: {_last_words(done)}")
        content: dict[str, Any] = json.loads(done.stdout)
        return content

    def objects(self, project: Project) -> list[dict[str, Any]]:
        """The Kubernetes objects in the state of one stack, each after what it depends on."""
        resources = self.export(project).get("deployment", {}).get("resources") or ()
        return [r for r in resources if str(r["type"]).startswith("kubernetes:") and not r.get("delete")]


_DONE = ("created", "updated", "deleted", "replaced")


def _lines(source: IO[str], process: subprocess.Popen[str]) -> Iterator[str]:
    """The lines that a process writes to a file, as they come, until it ends."""
    begun = ""
    while True:
        ended = process.poll() is not None
        while text := source.readline():
            begun += text
            if begun.endswith("\n"):
                yield begun
                begun = ""
        if ended:
            return
        time.sleep(POLL_SECONDS)


def read_steps(listed: Iterable[Mapping[str, Any]]) -> list[Step]:
    """The steps of `pulumi preview --json`, without components whose objects are steps of their own."""
    raw = list(listed)
    parents = {(each.get("newState") or each.get("oldState") or {}).get("parent") for each in raw}
    steps = [step for each in raw if (step := _step(each))]
    return [step for step in steps if not (type_of(step.urn) in EXPANDED and step.urn in parents)]


def _step(raw: Mapping[str, Any]) -> Step | None:
    """Read one step of `pulumi preview --json`; None for components and providers."""
    state = raw.get("newState") or raw.get("oldState") or {}
    if not str(state.get("type", "")).startswith("kubernetes:"):
        return None
    operation = _OP_NAMES.get(raw["op"], raw["op"])
    return Step(
        operation=operation,
        urn=raw["urn"],
        manifest=state.get("inputs") or {},
        changed_paths=tuple(raw.get("detailedDiff") or ()),
        protected=bool((raw.get("oldState") or {}).get("protect")),
        state=state,
    )


def _diagnostics(content: Mapping[str, Any]) -> str:
    found = [d.get("message", "").strip() for d in content.get("diagnostics", ()) if d.get("severity") == "error"]
    return "\n".join(found)


def _error_lines(text: str) -> str:
    """The errors of a failed update. Objects that were merely not reached any more are left out, and counted."""
    head, _, tail = text.partition("Diagnostics:\n")
    blocks = (tail or head).partition("\nResources:")[0].split("\n\n")
    told = [block.rstrip() for block in blocks if "error:" in block and "but none were seen" not in block]
    unreached = sum("but none were seen" in block for block in blocks)
    if unreached:
        told.append(f"  {unreached} planned objects were not reached")
    return "\n".join(told)[-3000:] or "\n".join((tail or head).strip().splitlines()[-20:])


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"pulumi was killed by signal {-done.returncode}"
    text = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
    return "\n".join(line for line in text if "warning: using pulumi-" not in line)[-2000:]
