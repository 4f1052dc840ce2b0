"""Work on stacks in the order of their dependencies."""

import threading

import pytest

from yiyun.errors import UserError
from yiyun.operations.schedule import run_in_order

BEFORE = {
    "platform": (),
    "network": ("platform",),
    "storage": ("network",),
    "ingress": ("network",),
    "compute": ("storage",),
}


def run(names, fails=()):
    began, ended, lock = [], [], threading.Lock()

    def work(name):
        with lock:
            began.append((name, tuple(ended)))
        if name in fails:
            raise UserError(f"{name} failed")
        with lock:
            ended.append(name)

    return began, lambda: run_in_order(names, BEFORE, work)


def test_each_comes_after_all_before_it():
    began, go = run(list(reversed(BEFORE)))
    go()
    assert {name for name, _ in began} == BEFORE.keys()
    assert all(set(BEFORE[name]) <= set(ended) for name, ended in began)


def test_the_order_holds_across_stacks_with_nothing_to_do():
    began, go = run(["compute", "platform"])
    go()
    assert [name for name, _ in began] == ["platform", "compute"]


def test_a_failure_stops_what_comes_after():
    began, go = run(BEFORE, fails=("network",))
    with pytest.raises(UserError, match="network failed"):
        go()
    assert [name for name, _ in began] == ["platform", "network"]


def test_all_failures_are_told():
    _, go = run(["storage", "ingress"], fails=("storage", "ingress"))
    with pytest.raises(UserError, match=r"(?s)storage failed.*ingress failed|ingress failed.*storage failed"):
        go()


def test_work_runs_side_by_side():
    both = threading.Barrier(2, timeout=10)
    run_in_order(["storage", "ingress"], BEFORE, lambda _name: both.wait() and None)
