"""`./yiyun audit`: which parts are looked at, and input that makes no sense."""

import pytest
from rule_cases import lab

from yiyun.cli import audit as command
from yiyun.errors import UserError
from yiyun.operations import audit as operation

ALL = [host.name for host in lab().hosts]
FIRST = ALL[0]


@pytest.fixture
def parts(monkeypatch):
    """A function that runs the command and returns which parts it wanted."""

    class Asked(Exception):  # noqa: N818 (ends the command)
        pass

    def stop(_site, _pack, wanted, *_):
        raise Asked(wanted)

    monkeypatch.setattr(operation, "audit_site", stop)

    def run(**options):
        with pytest.raises(Asked) as asked:
            command.audit(site="lab", **options)
        wanted = asked.value.args[0]
        return (wanted.hosts and list(wanted.hosts), wanted.cluster, wanted.stacks)

    return run


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, (ALL, True, True)),
        ({"hosts": FIRST}, ([FIRST], False, False)),
        ({"hosts": "all"}, (ALL, False, False)),
        ({"cluster": True}, (None, True, False)),
        ({"stacks": True}, (None, False, True)),
        ({"hosts": "all", "cluster": True, "stacks": True}, (ALL, True, True)),
    ],
)
def test_naming_a_part_leaves_the_others_out(parts, options, wanted):
    assert parts(**options) == wanted


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "--site NAME, or --evidence DIR"),
        ({"evidence": "x", "cluster": True}, "belong to an audit"),
        ({"evidence": "x", "hosts": "all"}, "belong to an audit"),
        ({"site": "lab", "hosts": "moon"}, "--hosts moon: no host of site lab"),
        ({"site": "lab", "hosts": ""}, "--hosts is empty"),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    with pytest.raises(UserError, match=words):
        command.audit(**options)
