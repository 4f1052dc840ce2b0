"""A page of Chromium that has no network, and fails its test on any error, dialog or request."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chromium
import pinned
import pytest

sys.path.insert(0, str(pinned.packages(Path(__file__).parent / "requirements.lock")))

from playwright.sync_api import sync_playwright  # installed just now


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    root = chromium.unpacked()
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=root / chromium.PROGRAM, env=chromium.environment(root), timeout=120_000
        )
        yield started
        started.close()


@pytest.fixture
def opened(browser, tmp_path) -> Iterator[Callable[..., Any]]:
    """Write a page to a file and open it."""
    contexts = []
    complaints: list[str] = []

    def open_page(html: str, **options: Any) -> Any:
        file = tmp_path / f"report-{len(contexts)}.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(**{"locale": "en-GB", "offline": True, **options})
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: complaints.append(f"request: {request.url}") if request.url != file.as_uri() else None,
        )
        page.goto(file.as_uri())
        return page

    open_page.complaints = complaints  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
