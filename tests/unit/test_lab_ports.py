"""Ports: chosen once, kept, and chosen anew only when somebody else listens there."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiyun.errors import UserError
from yiyun.lab import ports

NAMES = ("etcd", "etcd-peer", "kube-apiserver")


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.bind((ports.ADDRESS, 0))
        server.listen(1)
        yield server.getsockname()[1]


def test_ports_are_kept(tmp_path):
    first = ports.assign(tmp_path / "ports.json", NAMES)
    assert ports.assign(tmp_path / "ports.json", NAMES) == first
    assert len(set(first.values())) == len(NAMES)
    assert all(port in ports.RANGE for port in first.values())


def test_port_of_a_stranger_is_given_up_and_the_others_stay(tmp_path, listener):
    path = tmp_path / "ports.json"
    before = dict(ports.assign(path, NAMES))
    ports.files.write_json(path, {**before, "kube-apiserver": listener})
    after = ports.assign(path, NAMES)
    assert after["kube-apiserver"] != listener
    assert (after["etcd"], after["etcd-peer"]) == (before["etcd"], before["etcd-peer"])


def test_port_of_our_own_running_part_is_kept(tmp_path, listener):
    path = tmp_path / "ports.json"
    ports.files.write_json(path, {"kube-apiserver": listener})
    assert ports.assign(path, NAMES, held={"kube-apiserver"})["kube-apiserver"] == listener


def test_one_port_for_two_names_is_corrected(tmp_path):
    path = tmp_path / "ports.json"
    ports.files.write_json(path, dict.fromkeys(NAMES, 20001))
    assert len(set(ports.assign(path, NAMES).values())) == len(NAMES)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"etcd": "20001"}', '{"etcd": -1}', '{"etcd": 70000}', '{"etcd": null}']
)
def test_damaged_file_is_not_believed(tmp_path, content):
    path = tmp_path / "ports.json"
    path.write_text(content)
    assert ports.assign(path, NAMES)["etcd"] in ports.RANGE


@given(st.binary(max_size=200))
def test_no_content_makes_it_fail(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("ports") / "ports.json"
    path.write_bytes(content)
    assert set(ports.assign(path, NAMES)) == set(NAMES)


def test_taken_port_is_not_free(listener):
    assert not ports.is_free(listener)
    assert ports.is_free(ports.choose({listener}))


def test_no_free_port_is_an_error_of_the_user(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda _port: False)
    with pytest.raises(UserError, match="no free port on 127"):
        ports.choose(())
