"""What a stack program registers, run as it is under Pulumi's mocks: no engine, no cluster."""

import asyncio
import os
import runpy
from collections.abc import Iterable
from functools import cache
from typing import Any
from unittest import mock

import pulumi
import pytest

from yiyun.components.kubernetes import Component, Item
from yiyun.paths import CHECKOUT
from yiyun.site import Site

in_one_process = pytest.mark.xdist_group("stacks")
"""For tests that share what the programs register: it is found out once."""


class Recorder(pulumi.runtime.Mocks):
    """Answers for the engine, and keeps what was registered."""

    def __init__(self) -> None:
        self.resources: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        return args.name, args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"a stack asked for {args.token}")


def run_program(site: Site, stack: str) -> tuple[Recorder, list[list[Item]]]:
    """Run `stacks/<stack>/__main__.py` for a site.

    Returns what reached the engine, and the items of each component in order.
    """
    components: list[list[Item]] = []
    original = Component.__init__

    def recording(self, kind, name, site, items, *rest, **named):
        items = list(items)
        components.append(items)
        original(self, kind, name, site, items, *rest, **named)

    recorder = Recorder()
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(recorder, project=f"yiyun-{stack}", stack=site.name)
    environment = {"YIYUN_SITE": str(site.path), "YIYUN_GATE": "1"}
    with mock.patch.dict(os.environ, environment), mock.patch.object(Component, "__init__", recording):

        async def program() -> None:
            runpy.run_path(str(CHECKOUT / "stacks" / stack / "__main__.py"), run_name="__main__")

        pulumi.runtime.test(program)()
    return recorder, components


@cache
def _items(path: str, stack: str) -> tuple[tuple[Item, ...], ...]:
    return tuple(tuple(items) for items in run_program(Site.load(path), stack)[1])


def stack_components(site: Site, stack: str) -> tuple[tuple[Item, ...], ...]:
    """Items of each component of a stack."""
    return _items(str(site.path), stack)


def stack_items(site: Site, *stacks: str) -> Iterable[Item]:
    """All items of some stacks."""
    return [item for stack in stacks for items in stack_components(site, stack) for item in items]
