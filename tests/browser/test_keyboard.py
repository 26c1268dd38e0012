"""Without a mouse: one sees where one is, and a dialog takes the focus and gives it back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.servers import Service
from tests.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Whether the focused element shows it: an outline or a ring of its own, or its container does.
SHOWS_FOCUS = """() => {
  const seen = (element) => {
    const style = getComputedStyle(element);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  };
  const here = document.activeElement;
  return here && here !== document.body
    ? seen(here) || seen(here.parentElement) || !!(here.labels && [...here.labels].some(seen)) : null;
}"""
HIDDEN = """() => {
  const box = document.activeElement.getBoundingClientRect();
  const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const here = document.activeElement;
  return !!at && at !== here && !here.contains(at) && !at.contains(here);
}"""


def walk_with_tab(page: Page, most: int = 40) -> tuple[int, list[str]]:
    """Press Tab through a page: how many stops, and those where nobody could see or find the focus."""
    lost = []
    for stop in range(most):
        page.keyboard.press("Tab")
        shows = page.evaluate(SHOWS_FOCUS)
        if shows is None:
            return stop, lost
        described = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        if not shows:
            lost.append(f"no ring: {described}")
        if page.evaluate(HIDDEN):
            lost.append(f"covered: {described}")
    return most, lost


@pytest.mark.parametrize(
    "path",
    [
        "/t/acme-corp/end-users/",
        "/t/acme-corp/authz/groups/",
        "/t/acme-corp/authz/effective-access/",
        "/account/",
    ],
)
def test_every_stop_of_the_tab_key_can_be_seen(visit: Callable[..., Visitor], path: str) -> None:
    page = visit().become("olga").go(path)
    stops, lost = walk_with_tab(page)
    assert stops > 5
    assert lost == []


def test_the_first_stop_skips_to_the_content(visit: Callable[..., Visitor]) -> None:
    page = visit().become("olga").go("/t/acme-corp/end-users/")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_signing_in_needs_no_mouse(visit: Callable[..., Visitor], service: Service) -> None:
    who = service.user("adam")
    page = visit().go("/accounts/login/")
    page.locator("input[name=login]").focus()
    page.keyboard.type(who["email"])
    page.locator("input[name=password]").focus()
    page.keyboard.type(who["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/acme-corp/**")


def test_a_dialog_takes_the_focus_and_gives_it_back(visit: Callable[..., Visitor]) -> None:
    page = visit().become("olga").go("/t/acme-corp/end-users/")
    page.locator("tbody tr a").first.click()
    page.wait_for_url("**/end-users/*/**")
    opener = page.get_by_role("link", name="Suspend").first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    expect(dialog.locator(":focus")).to_have_count(1)
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "!document.activeElement.closest('main') || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_rows_are_walked_and_ticked_by_keys_and_ticks_last_for_these_filters(
    visit: Callable[..., Visitor],
) -> None:
    page = visit().become("alex").go("/t/alex-tools/end-users/")
    boxes, counted = page.locator("#results input[name=user]"), page.locator("[data-bulk-count]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(boxes.nth(1)).to_be_checked()
    page.get_by_role("link", name="Next").click()
    expect(counted).to_have_text("1 selected (1 elsewhere)")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(counted).to_have_text("4 selected (1 elsewhere)")
    page.get_by_role("link", name="Previous page").click()
    expect(counted).to_have_text("4 selected (3 elsewhere)")
    expect(boxes.nth(1)).to_be_checked()
    page.get_by_role("link", name="Suspended").click()
    expect(counted).to_be_hidden()
    page.go_back()
    expect(counted).to_have_text("4 selected (3 elsewhere)")
