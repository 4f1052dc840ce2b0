"""Runs one piece of work per stack, some at a time, each after the stacks that must be done before it."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from yiyun.errors import UserError

AT_ONCE = 3
"""Pulumi processes that run at the same time."""


def run_in_order(
    names: Iterable[str], before: Mapping[str, Iterable[str]], work: Callable[[str], None], at_once: int = AT_ONCE
) -> None:
    """Call `work` with each of `names`, after all of `names` that come before it, also through others.

    `before` names, for every stack there is, those that come right before it. The first failure stops new work; what
    runs is waited for, then one UserError has all failures.
    """
    listed = list(names)
    waiting = {name: _all_before(name, before) & set(listed) for name in listed}
    done: set[str] = set()
    running: dict[Future[None], str] = {}
    failures: list[str] = []
    with ThreadPoolExecutor(max_workers=at_once) as workers:
        while waiting or running:
            if not failures:
                for name in [name for name, others in waiting.items() if others <= done]:
                    del waiting[name]
                    running[workers.submit(work, name)] = name
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                error = future.exception()
                if error is None:
                    done.add(name)
                elif isinstance(error, UserError):
                    failures.append(str(error))
                else:
                    raise error
    if failures:
        raise UserError("\n".join(failures))


def _all_before(name: str, before: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    new = set(before[name])
    while new:
        found |= new
        new = {other for one in new for other in before[one]} - found
    return found
