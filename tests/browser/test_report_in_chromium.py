"""The HTML report in a real Chromium: by keyboard alone, without a request or an error, quick with 1,000 hosts."""

import time
from collections import Counter
from dataclasses import replace

import assessments
import pytest

from yiyun.compliance.clauses import ClauseState
from yiyun.compliance.difference import Change, Difference
from yiyun.compliance.model import Resource, State
from yiyun.compliance.report_html import render_html

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
QUICK = 10.0
"""Seconds that a step may take on a busy machine of two cores; it takes tenths on an idle one."""


@pytest.fixture(scope="module")
def two():
    return assessments.recorded("debian-12-untouched", "debian-12-hardened")


@pytest.fixture
def page(opened, two):
    return opened(render_html(two))


def until(page, condition: str) -> None:
    """Wait for something in the page. Playwright's own way evaluates text inside the page, which its policy forbids."""
    ends = time.monotonic() + 60
    while not page.evaluate(condition):
        assert time.monotonic() < ends, condition
        time.sleep(0.02)


def focus(page) -> str:
    """What has the focus: its id or text."""
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def tab_to(page, wanted: str, limit: int = 900) -> None:
    """Press Tab until something has the focus."""
    for _ in range(limit):
        if focus(page) == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {wanted}")


def shown(page) -> list[str]:
    """Clauses that are shown."""
    return page.eval_on_selector_all(".clause", "all => all.filter(e => !e.hidden).map(e => e.id.slice(2))")


def test_every_clause_stands_there_with_its_state(page, two):
    said = page.eval_on_selector_all(".clause > summary", "all => all.map(e => e.lastChild.className.slice(6))")
    assert said == [verdict.state.value for verdict in two.clauses.values()]
    assert shown(page) == list(two.clauses)


def test_hazards_stand_first_then_what_must_be_attested(page):
    heads = page.eval_on_selector_all("h2", "all => all.map(e => e.id)")
    assert heads[:3] == ["h-summary", "h-risks", "h-attest"]
    first = page.locator("#risks li").first
    assert "major hazard" in first.inner_text()
    assert page.locator("#attest li").count() > 50


def test_all_of_it_by_keyboard(page, two):
    page.keyboard.press("Tab")
    assert focus(page) == "Skip to the clauses"
    page.keyboard.press("Enter")
    assert focus(page) == "clauses"
    page.reload()
    tab_to(page, "language")
    page.keyboard.press("Enter")
    assert page.locator("h1").inner_text() == "等级保护三级核查报告"
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert focus(page) == "language"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focus(page) == "theme"
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("Space")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    tab_to(page, "f-state")
    page.keyboard.type("partly")
    states = page.eval_on_selector_all(
        ".clause", "all => all.filter(e => !e.hidden).map(e => e.querySelector('summary > .state').textContent)"
    )
    assert set(states) == {"partly conforms"}
    for name in ("f-verdict", "f-point", "f-host", "f-text"):
        page.keyboard.press("Tab")
        assert focus(page) == name
    partly = [verdict for verdict in two.clauses.values() if verdict.state is ClauseState.PARTLY_CONFORMS]
    rule = next(iter(partly[0].rules))
    page.keyboard.type(rule)
    expected = [verdict.clause for verdict in partly if rule in verdict.rules]
    until(page, f"document.getElementById('count').textContent.startsWith('{len(expected)} of')")
    assert shown(page) == expected
    page.keyboard.press("Tab")
    assert focus(page) == "Clear filters"
    page.keyboard.press("Tab")
    summary = page.locator(".clause:not([hidden]) > summary").first
    assert summary.evaluate("e => e === document.activeElement")
    assert summary.evaluate("e => e.parentElement.lastChild.childElementCount") == 0
    page.keyboard.press("Enter")
    until(page, "document.activeElement.parentElement.lastChild.childElementCount > 0")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.clause') !== null")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")


def test_a_risk_leads_to_its_clause_also_when_that_is_filtered_away(page):
    page.select_option("#f-state", "conforms")
    link = page.locator("#risks a").first
    clause = link.get_attribute("href")[3:]
    assert clause not in shown(page)
    link.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.id") == f"c-{clause}"
    assert page.locator("#f-state").input_value() == ""


def test_everything_that_can_be_used_has_a_name_and_shows_its_focus(page):
    nameless = page.eval_on_selector_all(
        "button, a, select, input, summary",
        "all => all.filter(e => !(e.textContent.trim() || (e.labels && e.labels.length && e.labels[0].textContent.trim()))).length",
    )
    assert nameless == 0
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.eval_on_selector_all("[tabindex]", "all => all.filter(e => e.tabIndex > 0).length") == 0


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_no_text_is_missing_in_either_language(opened, two, language):
    page = opened(render_html(two), locale=language)
    page.evaluate("document.querySelectorAll('.clause').forEach(e => { e.open = true })")
    until(page, "[...document.querySelectorAll('.clause')].every(e => e.lastChild.childElementCount > 0)")
    text = page.locator("body").inner_text()
    assert "undefined" not in text
    assert "[object" not in text


def test_filters_agree_with_the_verdicts(page, two):
    rules = two.result.rules
    host = "debian-12-untouched"
    page.fill("#f-host", host)
    page.select_option("#f-verdict", "fail")
    expected = {
        clause
        for verdict in two.result.verdicts
        if verdict.resource.host == host and verdict.state is State.FAIL
        for clause in rules[verdict.rule].clauses
    }
    until(page, f"document.getElementById('count').textContent.startsWith('{len(expected)} of')")
    assert set(shown(page)) == expected
    page.click("text=Clear filters")
    counts = Counter(verdict.state.value for verdict in two.clauses.values())
    for button in page.locator("#summary button").all():
        button.click()
        assert len(shown(page)) == counts[button.get_attribute("value")]
        assert button.get_attribute("aria-pressed") == "true"
        button.click()
    page.select_option("#f-point", "8.1.4.1")
    assert shown(page) == [name for name in two.clauses if name.startswith("8.1.4.1-")]


def test_what_hosts_say_is_shown_as_text(opened):
    page = opened(render_html(assessments.hostile(HOSTILE)))
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    page.locator(".clause[open] details summary").first.click()
    page.wait_for_timeout(200)
    assert page.evaluate("document.scripts.length") == 2
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator("#list").inner_text()


def test_the_policy_is_in_force(opened, two):
    page = opened(render_html(two))
    tried = page.evaluate(
        """async () => {
          const said = [];
          addEventListener("securitypolicyviolation", (event) => said.push(event.effectiveDirective));
          await fetch("https://yiyun.invalid/").catch(() => {});
          const image = new Image();
          image.src = "https://yiyun.invalid/a.png";
          const script = document.createElement("script");
          try { script.textContent = "window.ran = true"; document.body.append(script); } catch {}
          try { document.body.innerHTML = "<b>x</b>"; } catch {}
          await new Promise((done) => setTimeout(done, 300));
          return { said: [...new Set(said)].sort(), ran: Boolean(window.ran), bold: document.querySelectorAll("b").length };
        }"""
    )
    assert tried == {"said": ["connect-src", "img-src", "require-trusted-types-for"], "ran": False, "bold": 0}
    opened.complaints.clear()  # the browser reports what it refused; no request left, or the test above would not say so


def test_it_follows_the_theme_of_the_machine(opened, two):
    html = render_html(two)
    dark, light = (opened(html, color_scheme=scheme) for scheme in ("dark", "light"))
    colours = [each.evaluate("getComputedStyle(document.body).backgroundColor") for each in (dark, light)]
    assert colours[0] != colours[1]
    dark.emulate_media(media="print")
    assert dark.evaluate("getComputedStyle(document.body).backgroundColor") == colours[1]


def test_it_can_be_printed(page):
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible()
    assert not page.locator(".tools").is_visible()
    assert page.locator("#risks li").first.is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_a_thousand_hosts_stay_quick(opened, record_property):
    html = render_html(assessments.many(1000))
    seconds = {}

    def timed(name: str, started: float) -> None:
        seconds[name] = round(time.monotonic() - started, 2)

    started = time.monotonic()
    page = opened(html)
    until(page, "document.querySelectorAll('.clause').length > 250")
    timed("open", started)
    assert page.evaluate("document.querySelectorAll('*').length") < 10_000
    started = time.monotonic()
    page.fill("#f-text", "worker-0990")
    until(page, "!document.getElementById('count').textContent.startsWith('257 of')")
    timed("search", started)
    started = time.monotonic()
    page.fill("#f-text", "")
    page.fill("#f-host", "az1-worker-0990")
    until(page, "document.getElementById('f-host').value && document.querySelectorAll('.clause[hidden]').length > 0")
    timed("host", started)
    page.click("text=Clear filters")
    started = time.monotonic()
    page.locator("[id='c-8.1.4.1-a'] > summary").click()
    group = page.locator("[id='c-8.1.4.1-a'] details > summary", has_text="objects").first
    group.click()
    more = page.locator("[id='c-8.1.4.1-a'] button.more").first
    more.wait_for()
    timed("details", started)
    before = page.locator("[id='c-8.1.4.1-a'] li").count()
    more.focus()
    page.keyboard.press("Enter")
    assert page.locator("[id='c-8.1.4.1-a'] li").count() > before
    record_property("seconds", seconds)
    record_property("MiB", round(len(html) / 2**20, 1))
    assert max(seconds.values()) < QUICK, seconds


def test_changes_stand_there_when_there_are_some(opened, two, page):
    assert not page.locator("#changed").is_visible()
    change = Change(assessments.FAILING, Resource(host="gone-away"), State.FAIL, None)
    compared = Difference("audits/1", new=(), fixed=(), gone=(change,), still_open=(), not_judged=())
    later = opened(render_html(replace(two, result=replace(two.result, difference=compared))))
    later.locator("#changes summary", has_text="gone").click()
    later.get_by_text("gone-away").wait_for()
    assert "audits/1" in later.locator("#changes").inner_text()
