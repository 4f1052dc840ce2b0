"""Runs a stack program against Pulumi's mocks: what it registers, without an engine or a server."""

import asyncio
import runpy
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from yiyun.paths import CHECKOUT
from yiyun.site import Site


@dataclass(frozen=True)
class Registered:
    """One Kubernetes object that a stack program registered."""

    type: str
    name: str
    manifest: dict[str, Any]


def _whole(value: Any) -> Any:
    """Undo protobuf, which knows no integers."""
    if isinstance(value, dict):
        return {field: _whole(each) for field, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Recorder(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.found: list[Registered] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ.startswith("kubernetes:"):
            self.found.append(Registered(args.typ, args.name, _whole(args.inputs)))
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"a stack program called {args.token}")


def run(stack: str, site: Site) -> list[Registered]:
    """All Kubernetes objects that `stacks/<stack>` registers for a site."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    recorder = _Recorder()
    pulumi.runtime.set_mocks(recorder, project=f"yiyun-{stack}", stack=site.name)

    @pulumi.runtime.test
    def program() -> None:
        runpy.run_path(str(CHECKOUT / "stacks" / stack / "__main__.py"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YIYUN_SITE", str(site.path))
        patch.setenv("YIYUN_GATE", "1")
        program()
    loop.close()
    return recorder.found
