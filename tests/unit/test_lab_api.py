"""What the lab's client asks again, and what it does not."""

import pytest

from yiyun.lab import api
from yiyun.lab.api import Api, ApiError, Target

REFUSED = 'clusterroles "a" is forbidden: '


@pytest.fixture
def answers(monkeypatch, tmp_path):
    """Give an Api prepared answers; returns it and the list of requests that it made."""
    asked = []

    def give(*prepared):
        monkeypatch.setattr(api, "pool", lambda _target: None)
        client = Api(Target("https://127.0.0.1:1", tmp_path))
        left = list(prepared)

        def request(method, path, *_args, **_kwargs):
            asked.append((method, path))
            answer = left.pop(0)
            if isinstance(answer, str):
                raise ApiError(403, method, path, REFUSED + answer)
            return answer

        monkeypatch.setattr(client, "request", request)
        return client

    return give, asked


def test_a_server_that_has_not_read_its_policies_yet_is_asked_again(answers):
    give, asked = answers
    assert give(api.NOT_YET, api.NOT_YET, {"kind": "ClusterRole"}).apply("/a", {}) == {"kind": "ClusterRole"}
    assert len(asked) == 3


def test_one_that_never_reads_them_is_named(answers):
    give, asked = answers
    with pytest.raises(ApiError, match=api.NOT_YET):
        give(*[api.NOT_YET] * (api.ADMISSION_TRIES + 1)).apply("/a", {})
    assert len(asked) == api.ADMISSION_TRIES


def test_any_other_refusal_is_final(answers):
    give, asked = answers
    with pytest.raises(ApiError, match="a policy denies it"):
        give("a policy denies it", {}).apply("/a", {})
    assert len(asked) == 1
