"""Operations, as far as they need no server."""

import json
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipped import site as shipped_site

from yiyun.components.secret_refs import needed_secrets
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError
from yiyun.operations import drift, engine, environment, lock, projects, secret_store, updates


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


# --- stacks -----------------------------------------------------------------------------------------------------


def test_every_stack_comes_after_the_ones_it_names():
    order = list(projects.projects())
    assert order[0] == "platform"
    for project in projects.projects().values():
        assert all(order.index(before) < order.index(project.name) for before in project.after)


@pytest.fixture
def made_stacks(monkeypatch, tmp_path):
    def make(**after):
        for name, names in after.items():
            (tmp_path / "stacks" / name).mkdir(parents=True)
            content = json.dumps({"name": f"yiyun-{name}", "runtime": "python", "after": names})
            (tmp_path / "stacks" / name / "Pulumi.yaml").write_text(content)
        monkeypatch.setattr(projects, "CHECKOUT", tmp_path)

    return make


def test_a_circle_of_stacks_is_refused(made_stacks):
    made_stacks(a=["b"], b=["a"])
    with pytest.raises(UserError, match="wait for each other"):
        projects.projects()


def test_an_unknown_stack_before_is_refused(made_stacks):
    made_stacks(a=["nowhere"])
    with pytest.raises(UserError, match="nowhere"):
        projects.projects()


def test_an_unknown_stack_is_refused():
    with pytest.raises(UserError, match="no such stack; there are platform"):
        projects.select(["network", "nets"])


# --- locks ------------------------------------------------------------------------------------------------------


def test_the_second_operation_is_told_who_holds_the_lock(lab, home):
    words = rf"up of .*@{socket.gethostname()}, pid {os.getpid()}"
    with lock.hold(lab, "up"), pytest.raises(UserError, match=words), lock.hold(lab, "down"):
        pass
    with lock.hold(lab, "down"):
        pass


def _hold_for_ever(site, ready):
    with lock.hold(site, "up"):
        ready.set()
        time.sleep(60)


def test_the_lock_dies_with_its_owner(lab, home):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    owner = context.Process(target=_hold_for_ever, args=(lab, ready))
    owner.start()
    assert ready.wait(10)
    with pytest.raises(UserError, match=f"pid {owner.pid}"), lock.hold(lab, "up"):
        pass
    owner.kill()
    owner.join()
    with lock.hold(lab, "up"):
        pass


def pulumi_lock(root, pid, host=None, since=None):
    path = root / ".pulumi" / "locks" / "organization" / "yiyun-network" / "lab" / "1.json"
    path.parent.mkdir(parents=True)
    since = since or datetime.now(UTC)
    path.write_text(
        json.dumps(
            {"pid": pid, "username": "ann", "hostname": host or socket.gethostname(), "timestamp": since.isoformat()}
        )
    )
    return path


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_of_a_dead_owner_is_removed(tmp_path):
    path = pulumi_lock(tmp_path, dead_pid())
    assert "ann is dead" in lock.clear_dead_pulumi_locks(f"file://{tmp_path}")[0]
    assert not path.exists()


def test_a_pid_that_somebody_else_got_later_proves_the_owner_dead(tmp_path):
    path = pulumi_lock(tmp_path, os.getpid(), since=datetime.now(UTC) - timedelta(days=400))
    assert lock.clear_dead_pulumi_locks(f"file://{tmp_path}")
    assert not path.exists()


@pytest.mark.parametrize("case", ["living", "other host", "other machine"])
def test_a_lock_whose_owner_may_live_is_respected(tmp_path, case):
    path = pulumi_lock(
        tmp_path, os.getpid() if case == "living" else dead_pid(), host="elsewhere" if case == "other host" else None
    )
    if case == "other machine":
        (tmp_path / "machine-id").write_text("0" * 32)
    with pytest.raises(UserError, match="locked by ann@"):
        lock.clear_dead_pulumi_locks(f"file://{tmp_path}")
    assert path.exists()


def test_plugins_without_a_pulumi_are_ended_and_pulumi_itself_never(tmp_path):
    """However it is called: a pulumi of the cache has `pulumi-` in its path."""
    home = tmp_path / "pulumi-0123456789abcdef" / "bin"
    home.mkdir(parents=True)
    backend = f"file://{tmp_path}"
    env = os.environ | {"PULUMI_BACKEND_URL": backend}
    for name in ("pulumi", "pulumi-language-python"):
        shutil.copy(shutil.which("sleep"), home / name)
    script = home / "pulumi-language-python-exec"
    script.write_text("import time\ntime.sleep(60)\n")
    commands = ([home / "pulumi", "60"], [home / "pulumi-language-python", "60"], [sys.executable, "-u", script])
    pulumi, *plugins = (subprocess.Popen(command, env=env) for command in commands)
    try:
        assert len(lock.end_orphaned_plugins(backend)) == 2
        assert pulumi.poll() is None
        for plugin in plugins:
            plugin.wait(5)  # raises when it lives on
    finally:
        for process in (pulumi, *plugins):
            process.kill()
            process.wait()


def test_an_unreadable_lock_is_named(tmp_path):
    path = pulumi_lock(tmp_path, 1)
    path.write_text("{")
    with pytest.raises(UserError, match=r"1\.json: unreadable lock"):
        lock.clear_dead_pulumi_locks(f"file://{tmp_path}")


# --- previews ---------------------------------------------------------------------------------------------------


def test_steps_are_read_from_a_preview():
    raw = {
        "op": "create-replacement",
        "urn": "urn:pulumi:lab::yiyun-network::kubernetes:kubeovn.io/v1:Vpc::Vpc/a",
        "newState": {"type": "kubernetes:kubeovn.io/v1:Vpc", "inputs": {"kind": "Vpc"}},
        "oldState": {"protect": True},
        "detailedDiff": {"spec.namespaces": {}},
    }
    step = engine._step(raw)
    assert (step.operation, step.key, step.protected) == ("replace", "Vpc/a", True)
    assert step.changed_paths == ("spec.namespaces",)
    assert engine._step({"op": "same", "urn": "u", "newState": {"type": "pulumi:pulumi:Stack"}}) is None


# --- secrets ----------------------------------------------------------------------------------------------------


def test_secrets_are_complete_stable_and_encrypted(lab, home):
    refs = needed_secrets(lab)
    store = secret_store._load(lab)
    assert secret_store._complete(store, refs)
    secret_store._save(lab, store)
    again = secret_store._load(lab)
    assert again == store
    assert not secret_store._complete(again, refs)
    file = secret_store._file(lab)
    assert file.stat().st_mode & 0o077 == 0
    written = file.read_bytes()
    assert all(v.encode() not in written for values in store.values() for v in values.values())
    for ref in refs:
        values = store[secret_store._credential(ref)]
        assert all(secret_store._value(holds, values) for holds in ref.holds)


def test_a_wrong_key_is_named(lab, home):
    secret_store._save(lab, {"a": {"password": "x"}})
    (lab.state_dir / "secrets.key").write_bytes(secret_store.Fernet.generate_key())
    with pytest.raises(UserError, match=r"secrets\.enc: cannot be decrypted"):
        secret_store._load(lab)
    (lab.state_dir / "secrets.key").unlink()
    with pytest.raises(UserError, match="is gone"):
        secret_store._load(lab)


# --- drift ------------------------------------------------------------------------------------------------------

trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3) | st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)


@given(trees)
def test_nothing_differs_from_itself(tree):
    assert list(drift._walk(tree, tree, ())) == []


@given(st.dictionaries(st.text("abc", min_size=1, max_size=2), trees, min_size=1, max_size=4), st.data())
def test_a_changed_field_is_found_where_it_is(tree, data):
    name = data.draw(st.sampled_from(sorted(tree)))
    changed = {**tree, name: "another value"}
    found = list(drift._walk(changed, tree, ()))
    assert found
    assert all(path[0] == name for path, _, _ in found)


# --- recorded updates -------------------------------------------------------------------------------------------


def test_updates_are_numbered_and_found(lab, home):
    first = updates.begin(lab, {}, "up")
    updates.finish(first, "done")
    second = updates.begin(lab, {}, "up")
    assert [u.number for u in updates.recorded(lab)] == [1, 2]
    assert updates.find(lab, 1).facts["result"] == "done"
    assert (second.site_directory / "site.yaml").read_bytes() == (lab.path / "site.yaml").read_bytes()
    earlier = lab.at(first.site_directory)
    assert earlier.state_dir == lab.state_dir
    with pytest.raises(UserError, match=r"no update 7; recorded are:\n  1 .*done"):
        updates.find(lab, 7)


# --- answers of the API server ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "message", "refused"),
    [
        (422, "spec.replicas: Invalid value", True),
        (403, "forbidden", True),
        (500, "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): .spec.x: field not declared", True),
        (500, "etcdserver: request timed out", False),
        (503, "the server is currently unable to handle the request", False),
    ],
)
def test_a_refusal_is_told_from_a_failure_to_answer(status, message, refused):
    assert ApiError(status, {"message": message}).is_refusal is refused


# --- environment ------------------------------------------------------------------------------------------------

PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "grpc_proxy", "no_proxy", "NO_PROXY")


HOSTS_OF_LAB_REAL = "198.19.0.11,198.19.0.12,198.19.0.21,198.19.0.22,198.19.0.31,198.19.0.32"


@pytest.mark.parametrize(
    ("shipped_name", "given", "hosts"),
    [
        ("lab", {}, None),
        ("lab", {"HTTPS_PROXY": "http://proxy:3128"}, "127.0.0.1,localhost"),
        (
            "lab",
            {"http_proxy": "http://proxy:3128", "no_proxy": "a.example,10.0.0.0/8"},
            "a.example,10.0.0.0/8,127.0.0.1,localhost",
        ),
        ("lab-real", {"https_proxy": "http://proxy:3128"}, f"127.0.0.1,localhost,{HOSTS_OF_LAB_REAL}"),
    ],
)
def test_a_proxy_is_kept_from_pulumi_its_programs_and_lab_hosts(monkeypatch, shipped_name, given, hosts):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    wanted = {"no_proxy": hosts, "NO_PROXY": hosts} if hosts else {}
    assert environment._without_proxy(shipped_site(shipped_name)) == wanted
