"""PAM stacks of several systems, walked as libpam walks them. Layouts of RHEL and openEuler as their tools write them."""

import pytest

from yiyun.evidence.hosts import probes
from yiyun.evidence.hosts.probes import Unreadable
from yiyun.evidence.hosts.probes._pam_stack import Directory, Line, stack, walk

PASSWD = "== pam passwd\npassword required pam_unix.so sha512\n"
AUTHSELECT = """
auth        required                                     pam_env.so
auth        required                                     pam_faildelay.so delay=2000000
{first}
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        [default=1 ignore=ignore success=ok]         pam_localuser.so
auth        sufficient                                   pam_unix.so nullok
auth        [default=1 ignore=ignore success=ok]         pam_usertype.so isregular
auth        sufficient                                   pam_sss.so forward_pass
{last}
auth        required                                     pam_deny.so
"""
PREAUTH = "auth        required      pam_faillock.so preauth silent"
AUTHFAIL = "auth        required      pam_faillock.so authfail"
OPENEULER = """
auth        required      pam_env.so
{first}
auth        sufficient    pam_fprintd.so
auth        sufficient    pam_unix.so nullok try_first_pass
{last}
auth        requisite     pam_succeed_if.so uid >= 1000 quiet_success
auth        required      pam_deny.so
"""


def judged(system_auth: str, sshd: str = "auth substack system-auth\n", config: str = ""):
    text = f"== pam system-auth\n{system_auth}\n== pam sshd\n{sshd}\n{PASSWD}"
    if config:
        text += f"== file /etc/security/faillock.conf\n{config}\n"
    return probes.load()["pam"].parse(text)["services"]["sshd"]


@pytest.mark.parametrize("layout", [AUTHSELECT, OPENEULER])
@pytest.mark.parametrize(
    ("first", "last", "counts", "refuses"),
    [
        (PREAUTH, AUTHFAIL, True, True),
        ("", "", False, False),
        (PREAUTH, "", False, True),
        ("", AUTHFAIL, True, False),
        (PREAUTH.replace("required", "optional"), AUTHFAIL, True, False),
        (PREAUTH.replace("required", "sufficient"), AUTHFAIL, False, False),
    ],
)
def test_both_halves_of_a_lockout_are_needed(layout, first, last, counts, refuses):
    found = judged(layout.format(first=first, last=last))
    assert (found["counts"], found["refuses"]) == (counts, refuses)


def test_a_module_behind_a_sufficient_one_is_not_reached_by_the_right_password():
    found = judged(OPENEULER.format(first="", last="auth required pam_faillock.so preauth\n" + AUTHFAIL))
    assert not found["refuses"]


def test_a_file_that_nothing_includes_counts_for_nothing():
    found = judged(AUTHSELECT.format(first=PREAUTH, last=AUTHFAIL), sshd="auth required pam_unix.so\n")
    assert (found["counts"], found["refuses"], found["lockout"]) == (False, False, None)


def test_arguments_win_over_the_file_and_the_file_over_what_the_module_does_by_itself():
    stacked = AUTHSELECT.format(first=PREAUTH + " deny=4", last=AUTHFAIL)
    assert judged(stacked)["lockout"]["unlock_seconds"] == 600
    found = judged(stacked, config="deny = 9\nunlock_time = 1200")["lockout"]
    assert (found["tries"], found["unlock_seconds"]) == (4, 1200)
    assert judged(stacked, config="unlock_time = never")["lockout"]["unlock_seconds"] is None


def test_the_line_before_the_password_says_who_is_refused_and_both_which_failures_count():
    stacked = AUTHSELECT.format(first=PREAUTH + " deny=5", last=AUTHFAIL + " deny=50 fail_interval=60 even_deny_root")
    found = judged(stacked)["lockout"]
    assert (found["tries"], found["interval_seconds"], found["root_too"]) == (5, 60, False)


def test_nobody_is_refused_where_fewer_failures_are_kept_than_it_takes():
    stacked = AUTHSELECT.format(first=PREAUTH + " deny=50", last=AUTHFAIL + " deny=5")
    assert judged(stacked)["lockout"]["tries"] == 0


def test_the_strictest_line_on_the_way_of_a_right_password_counts_where_its_refusal_does():
    debian = "{first}\nauth [success=2 default=ignore] pam_unix.so\n{last}\nauth requisite pam_deny.so\n"
    debian += "auth required pam_permit.so\nauth {control} pam_faillock.so authsucc deny=5\n"
    parts = {"first": PREAUTH + " deny=50", "last": AUTHFAIL.replace("required", "[default=die]") + " deny=50"}
    assert judged(debian.format(control="required", **parts))["lockout"]["tries"] == 5
    assert judged(debian.format(control="optional", **parts))["lockout"]["tries"] == 50


def test_a_file_that_an_argument_names_counts_instead_of_the_usual_one():
    people = " conf=/etc/security/people.conf"
    stacked = AUTHSELECT.format(first=PREAUTH + people, last=AUTHFAIL + people)
    with pytest.raises(Unreadable, match="conf"):
        judged(stacked, config="deny = 5")
    found = judged(stacked, config="deny = 5\n== file /etc/security/people.conf\ndeny = 50")["lockout"]
    assert found["tries"] == 50


def test_a_stack_that_would_refuse_everybody_is_not_understood():
    with pytest.raises(Unreadable, match="refuse everybody"):
        judged("auth required pam_deny.so\nauth required pam_unix.so\n")


@pytest.mark.parametrize(
    "line",
    ["auth", "auth required", "auth needed pam_unix.so", "auth [success=jump] pam_unix.so", "auth include missing"],
)
def test_what_libpam_refuses_is_refused(line):
    with pytest.raises(Unreadable):
        judged(f"{line}\nauth required pam_unix.so\n")


def test_an_unknown_module_is_tried_with_every_answer():
    before = "auth sufficient pam_corporate.so\n"
    found = judged(AUTHSELECT.format(first=before + PREAUTH, last=AUTHFAIL))
    assert not found["refuses"], "it might let a locked account in"
    with pytest.raises(Unreadable, match="too many modules"):
        judged("".join(f"auth optional pam_x{index}.so\n" for index in range(9)) + "auth required pam_unix.so\n")


def passes(text: str, **answers: str) -> bool:
    files = {"a": text.split("\n") if text else [], "b": ["auth sufficient pam_b.so", "auth required pam_c.so"]}
    entries = stack(Directory(files), "a", "auth")
    return walk(entries, lambda line: answers.get(line.module.removeprefix("pam_"), "success")).passes


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("auth required pam_x.so", {"x": "auth_err"}, False),
        ("auth required pam_x.so\nauth sufficient pam_y.so", {"x": "auth_err"}, False),
        ("auth sufficient pam_x.so\nauth required pam_y.so", {"y": "auth_err"}, True),
        ("auth optional pam_x.so", {"x": "auth_err"}, False),
        ("auth optional pam_x.so\nauth required pam_y.so", {"x": "auth_err"}, True),
        (
            "auth [success=1 default=ignore] pam_x.so\nauth requisite pam_deny.so\nauth required pam_permit.so",
            {"deny": "auth_err"},
            True,
        ),
        (
            "auth [success=1 default=ignore] pam_x.so\nauth requisite pam_deny.so\nauth required pam_permit.so",
            {"x": "auth_err", "deny": "auth_err"},
            False,
        ),
        ("auth [success=5 default=ignore] pam_x.so\nauth required pam_permit.so", {}, False),
        ("auth substack b\nauth required pam_y.so", {"y": "auth_err"}, False),
        ("auth include b\nauth required pam_y.so", {"y": "auth_err"}, True),
        ("auth substack b\nauth required pam_y.so", {"b": "auth_err", "c": "auth_err"}, False),
        ("auth required pam_x.so", {"x": "ignore"}, False),
        ("", {}, False),
    ],
)
def test_walks(text, answers, expected):
    assert passes(text, **answers) is expected


def test_a_line_is_the_same_by_module_and_arguments():
    assert Line("pam_unix", ("nullok",), {"success": "ok"}) == Line("pam_unix", ("nullok",), {"default": "bad"})
