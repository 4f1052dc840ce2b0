"""What the probe says of pam_faillock, against libpam itself, given the same stack in a directory of its own."""

import ctypes
from pathlib import Path

import pytest

from yiyun.evidence.hosts import probes

PERSON = b"nobody"
CONVERSATION_FAILS = 19
STACK = """\
auth required pam_faillock.so preauth {preauth}
auth [success=2 default=ignore] {password}.so
auth [default=die] pam_faillock.so authfail {authfail}
auth requisite pam_deny.so
auth required pam_permit.so
auth {control} pam_faillock.so authsucc {authsucc}
"""
Converse = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class Conversation(ctypes.Structure):
    """What libpam would ask a person by; nobody is asked."""

    _fields_ = (("ask", Converse), ("data", ctypes.c_void_p))


@Converse
def nobody_answers(count, messages, answers, data):
    return CONVERSATION_FAILS


@pytest.fixture(scope="module")
def libpam():
    try:
        found = ctypes.CDLL("libpam.so.0")
    except OSError:
        pytest.skip("there is no libpam on this machine")
    if not hasattr(found, "pam_start_confdir") or not [*Path("/usr/lib").glob("*/security/pam_faillock.so")]:
        pytest.skip("libpam is older than 1.4, or has no pam_faillock")
    return found


def lets_in(libpam, directory: Path, service: str) -> bool:
    handle, conversation = ctypes.c_void_p(), Conversation(nobody_answers, None)
    start = (service.encode(), PERSON, ctypes.byref(conversation), bytes(directory), ctypes.byref(handle))
    assert libpam.pam_start_confdir(*start) == 0
    answer = libpam.pam_authenticate(handle, 0)
    libpam.pam_end(handle, answer)
    return answer == 0


@pytest.mark.parametrize(
    ("preauth", "authfail", "authsucc", "control", "tries"),
    [
        ("deny=3", "deny=9", "deny=9", "required", 3),
        ("deny=9", "deny=3", "deny=9", "required", 0),
        ("deny=9", "deny=9", "deny=3", "required", 3),
        ("deny=4", "deny=9", "deny=3", "optional", 4),
        ("deny=5", "deny=5", "deny=5", "required", 5),
    ],
)
def test_as_many_tries_as_libpam_gives(libpam, tmp_path, preauth, authfail, authsucc, control, tries):
    tally = tmp_path / "tally"
    tally.mkdir()
    places = {"preauth": preauth, "authfail": authfail, "authsucc": authsucc}
    lines = {name: f"dir={tally} {limits}" for name, limits in places.items()}
    for service, password in (("wrong", "pam_deny"), ("right", "pam_permit")):
        (tmp_path / service).write_text(STACK.format(**lines, control=control, password=password))

    stack = STACK.format(**lines, control=control, password="pam_unix")
    text = f"== pam sshd\n{stack}\n== pam passwd\npassword required pam_unix.so sha512\n"
    assert probes.load()["pam"].parse(text)["services"]["sshd"]["lockout"]["tries"] == tries
    for _ in range(tries):
        assert not lets_in(libpam, tmp_path, "wrong")
    for _ in range(0 if tries else 12):
        assert not lets_in(libpam, tmp_path, "wrong")
    assert lets_in(libpam, tmp_path, "right") is (tries == 0)


@pytest.mark.parametrize("tries", [2, 5])
def test_one_try_fewer_locks_nobody(libpam, tmp_path, tries):
    (tmp_path / "tally").mkdir()
    limits = f"dir={tmp_path}/tally deny={tries}"
    for service, password in (("wrong", "pam_deny"), ("right", "pam_permit")):
        (tmp_path / service).write_text(
            STACK.format(preauth=limits, authfail=limits, authsucc=limits, control="required", password=password)
        )
    for _ in range(tries - 1):
        assert not lets_in(libpam, tmp_path, "wrong")
    assert lets_in(libpam, tmp_path, "right")


@pytest.mark.parametrize(
    ("control", "passes"), [("required", False), ("[success=ok default=die module_unknown=ignore]", True)]
)
def test_a_module_that_is_not_there_answers_module_unknown(libpam, tmp_path, control, passes):
    (tmp_path / "gone").write_text(f"-auth {control} pam_not_there.so\nauth required pam_permit.so\n")
    assert lets_in(libpam, tmp_path, "gone") is passes
