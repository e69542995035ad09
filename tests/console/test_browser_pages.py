"""Every page, at many widths, in both themes."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.person import CREDENTIALS, LOOKS, Person

pytestmark = pytest.mark.browser
Visitor = Callable[..., Person]
PAGES = (
    "/",
    "/messages",
    "/messages/new",
    "/conversations",
    "/opt-outs",
    "/opt-outs/new",
    "/opt-outs/import",
    "/opt-outs/settings",
    "/calls",
    "/calls/new",
    "/requests",
    "/webhooks",
    "/webhooks/new",
    "/deliveries",
    "/deliveries?q=%2B12025550110&status=failed",
    "/phone",
    "/carriers",
    "/carriers/new",
    "/numbers/new",
    "/pools/new",
    "/account/sending-rules",
    "/routes",
    "/routes/new",
    "/routes/try",
    "/account",
    "/administration/erasures",
    "/administration/erasures/new",
    "/administration/users",
    "/administration/users?show=invitations",
    "/administration/users?show=roles",
    "/administration/users/invite",
    "/session/security",
    "/session/second-factor",
    "/audit",
    "/administration/integrations",
    CREDENTIALS,
    f"{CREDENTIALS}/new",
    "/session/password",
    "/docs/errors",
    "/docs/errors/insufficient_scope",
    "/docs/api",
)
# 20,000 elements: as long as all others together.
LONG = "/docs/api"
# 640 is what 1280 leaves at 200 % zoom.
WIDTHS = (320, 390, 640, 768, 961, 1024, 1180, 1280, 1920)
# Controls that stick out of the window or of an ancestor that clips.
CLIPPED = """() => [...document.querySelectorAll(
    'main a, main button, main input, main select, header button')]
  .filter((element) => element.checkVisibility() && element.getClientRects().length
    && !element.closest('.vh, .menu, .seg, .threads, pre, .snip, .toc'))
  .filter((element) => {
    const box = element.getBoundingClientRect();
    let limit = innerWidth;
    for (let up = element.parentElement; up; up = up.parentElement) {
      if (getComputedStyle(up).overflowX === 'visible') continue;
      limit = Math.min(limit, up.getBoundingClientRect().right);
    }
    return box.right > limit + 1 || box.left < -1;
  })
  .map((element) => element.ariaLabel || element.textContent.trim().slice(0, 40))"""
# (text, background, least ratio); WCAG 2.2 §1.4.3 and §1.4.11.
PAIRS = (
    [(text, back, 4.5) for text in ("text", "text-2", "text-3")
     for back in ("surface", "canvas", "sunken", "raised", "hover")]
    + [("accent-ink", "surface", 4.5), ("accent-ink", "accent-soft", 4.5)]
    + [("on-accent", back, 4.5) for back in ("accent", "accent-hov", "bad", "bad-hov")]
    + [(f"{tone}-ink", back, 4.5) for tone in ("ok", "warn", "bad")
       for back in (f"{tone}-soft", "surface")]
    + [("field", back, 3) for back in ("surface", "raised")]
    + [("ring", back, 3) for back in ("surface", "canvas")]
)  # fmt: skip
RATIOS = """(pairs) => {
  const probe = document.createElement('i');
  document.body.append(probe);
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const luminance = (name) => {
    probe.style.color = `var(--${name})`;
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = getComputedStyle(probe).color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return pairs.map(([text, back]) => {
    const [one, other] = [luminance(text), luminance(back)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
}"""


@LOOKS
def test_every_page_is_accessible(visitor: Visitor, width: int, theme: str) -> None:
    person = visitor(width, theme)
    is_opposite = (width, theme) in {(1280, "dark"), (390, "light")}
    for path in PAGES:
        if path == LONG and is_opposite:
            continue
        person.go(path)
        person.axe(path)


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_cut_off_at_any_width(visitor: Visitor, path: str) -> None:
    page, found = visitor().go(path), {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 860})
        clipped = page.evaluate(CLIPPED)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            clipped.append("(the page scrolls sideways)")
        if clipped:
            found[width] = clipped
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_have_contrast(visitor: Visitor, theme: str) -> None:
    page = visitor(theme=theme).go("/docs/errors")
    ratios = page.evaluate(RATIOS, [[text, back] for text, back, _ in PAIRS])
    weak = [
        f"{text} on {back}: {ratio:.2f}"
        for (text, back, least), ratio in zip(PAIRS, ratios, strict=True)
        if ratio < least
    ]
    assert weak == []


def test_the_palette_finds_commands_and_pasted_ids(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/messages")
    page.keyboard.press("Control+k")
    person.axe("palette")
    page.keyboard.type("credential")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Credentials")
    page.fill("#palette input", "+12025550110")
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages?number=%2B12025550110")


def test_letters_lead_to_pages(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/")
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_url(f"**{CREDENTIALS}")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    person.axe("keys")


def test_the_first_tab_skips_to_the_content(visitor: Visitor) -> None:
    page = visitor().go("/messages")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_menu_opens_on_a_phone(visitor: Visitor) -> None:
    person = visitor(390)
    page = person.go("/messages")
    page.click('[aria-label="Open menu"]')
    expect(page.locator("#side >> text=Integrations")).to_be_visible()
    person.axe("menu")
    page.click("#side >> text=Integrations")
    page.wait_for_url("**/administration/integrations")


def test_unknown_addresses_and_codes_get_a_page(visitor: Visitor) -> None:
    person = visitor()
    page = person.go("/messages/msg_nowhere")
    expect(page.locator("main")).to_contain_text("Not found")
    person.axe("not found")
    person.go("/no/such/page")
    expect(page.locator("main")).to_contain_text("404")
    person.expect_refusal(404)


def test_the_docs_say_what_an_error_code_means(visitor: Visitor) -> None:
    page = visitor(signed=False).go("/docs/errors")
    page.click("text=insufficient_scope")
    expect(page.locator("main")).to_contain_text("Ask an administrator")
