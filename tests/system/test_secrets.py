"""After it was shown, a secret is nowhere: no answer, page, log, row, file or browser storage."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect, sync_playwright

from hookline.console.navigation import CREDENTIALS
from hookline.console.routes import OPEN_PAGES, PAGES
from tests.system.installation import Installation
from tests.system.people import signed_in, turn_on_second_factor
from tests.system.recipes import (
    SANDBOX_NUMBER,
    World,
    carrier_body,
    invitation_body,
    send_body,
)
from tests.system.secrets_watch import Watch, files_below, rows_of
from tests.system.site import operations_of

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "admin@example.com", "Keep-this+to/yourself please"
CARRIER_PASSWORD = 'carrier "pass" word/+'
HEADER_VALUE = "Basic c2VjcmV0LWhlYWRlcg-value"
SIGNING = ("the webhook's secret", "the secret before", "the account's signing secret")
PAGES_MAX = 150
STORES = """async () => JSON.stringify({
  local: { ...localStorage }, session: { ...sessionStorage }, cookies: document.cookie,
  databases: indexedDB.databases ? await indexedDB.databases() : [], caches: await caches.keys(),
})"""


@dataclass
class Story:
    """What happened before the search."""

    server: Installation
    watch: Watch
    reader: str
    """The token of a credential that may read everything but secrets."""


@pytest.fixture
def story(each_installation: Installation) -> Story:
    each_installation.environment |= {
        "HOOKLINE_ADMIN_EMAIL": EMAIL,
        "HOOKLINE_ADMIN_PASSWORD": PASSWORD,
    }
    each_installation.start()
    watch = Watch()
    watch.keep("the administrator's password", PASSWORD)
    with httpx.Client(
        base_url=each_installation.url,
        headers={"Authorization": f"Bearer {each_installation.token()}"},
        timeout=30,
    ) as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        watch.keep("the first token", token)
        live_over_the_api(client, watch)
        reader = read_token(client, watch)
    return Story(each_installation, watch, reader)


def live_over_the_api(client: httpx.Client, watch: Watch) -> None:
    """Make, rotate and use secrets of every kind; each is kept when it has been shown."""
    world = World(client, f"{client.base_url}/healthz")
    made = world.make("/v1/credentials", {"description": "Used", "scopes": ["messages:send"]})
    old = watch.keep("a rotated token", made["token"])
    key = {"Idempotency-Key": "rotate-once"}
    url = f"/v1/credentials/{made['id']}/rotate"
    rotated = client.post(url, json={"grace_seconds": 3_600}, headers=key).json()
    new = watch.keep("the token after", rotated["token"])
    for token in (old, new, new[:-1] + "x"):
        bearer = {"Authorization": f"Bearer {token}"}
        client.post("/v1/messages", json=send_body(), headers=bearer)
        client.get(f"/v1/messages/{token}", params={"token": token})
    added = world.make("/v1/users", {"email": "kim@example.com", "role": "admin"})
    watch.keep("a user's password", added["password"])
    carrier = carrier_body()
    carrier["smpp"]["password"] = watch.keep("a carrier's password", CARRIER_PASSWORD)
    known = world.make("/v1/carriers", carrier)["id"]
    client.patch(f"/v1/carriers/{known}", json={"smpp": {"port": 10}}).raise_for_status()
    hook = {"url": world.url, "events": ["*"], "headers": {"Authorization": HEADER_VALUE}}
    webhook = world.make("/v1/webhooks", hook)
    watch.keep("a webhook's header", HEADER_VALUE)
    watch.keep("the secret before", webhook["secret"])
    turned = client.post(f"/v1/webhooks/{webhook['id']}/rotate_secret", json={})
    watch.keep("the webhook's secret", turned.json()["secret"])
    invited = world.make("/v1/invitations", invitation_body())
    watch.keep("an invitation's link", invited["link"].rpartition("/")[2])
    with signed_in(str(client.base_url), "kim@example.com", added["password"]) as kim:
        factor, codes = turn_on_second_factor(kim)
    watch.keep("a second factor's secret", factor)
    for number, code in enumerate(codes):
        watch.keep(f"recovery code {number}", code)
    signing = client.get("/v1/account/signing_secret").json()["secret"]
    watch.keep("the account's signing secret", signing)
    status = {"status_url": world.url, "from": SANDBOX_NUMBER}
    world.make("/v1/messages", send_body(**status))
    world.make(f"/v1/webhooks/{webhook['id']}/test", {"event_type": "message.sent"})


def read_token(client: httpx.Client, watch: Watch) -> str:
    """Of a credential that may read everything but secrets."""
    documented = operations_of(client.get("/openapi.json").json())
    scopes = {one.scope for one in documented if one.scope and one.method == "GET"}
    body = {"description": "Reader", "scopes": sorted(scopes - {"account:secrets"})}
    token: str = client.post("/v1/credentials", json=body).json()["token"]
    return watch.keep("the reader's token", token)


def test_a_secret_is_nowhere_after_it_was_shown(
    story: Story, chromium_launch: dict[str, Any]
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_launch)
        context = browser.new_context()
        live_in_the_browser(context.new_page(), story)
        search_pages(context, story)
        browser.close()
    search_api(story)
    log = story.server.log.read_text() + story.server.banner.read_text()
    assert log.count('"event": "request"') > 30
    story.watch.look("the log", log)
    rows = in_a_loop(story.server)
    written = {"credential_tokens", "sessions", "audit", "idempotency", "attempts", "requests"}
    assert written <= {table for table, _ in rows}
    for table, row in rows:
        story.watch.look(f"a row of {table}", row)
    for name, content in files_below(story.server.data):
        story.watch.look(f"the file {name}", content)
    story.server.stop()
    for name, content in files_below(story.server.data):
        story.watch.look(f"the file {name}, after the stop", content)
    assert story.watch.looked_at > 200
    assert len(story.watch.needles) >= 25


def live_in_the_browser(page: Page, story: Story) -> None:
    """Sign in, create a credential, rotate it twice, look at its page."""
    server, watch = story.server, story.watch
    page.goto(f"{server.url}/sign-in")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#start")
    [cookie] = [one for one in page.context.cookies() if one.get("httpOnly")]
    watch.keep("the session's cookie", str(cookie["value"]))
    page.goto(f"{server.url}{CREDENTIALS}?show=active")
    page.click("#create")
    page.fill("#description", "By hand")
    page.click("#dlg [type=submit]")
    watch.keep("a token shown in the console", stored(page))
    page.click('[aria-label="Rotate By hand"]')
    page.click("#dlg >> text=Continue")
    watch.keep("a token rotated in the console", stored(page))
    page.click('[aria-label="More actions for By hand"]')
    page.click(".menu:popover-open >> text=Rotate Credential Now")
    page.fill("#reason", "Found in a log")
    page.click("#dlg >> text=Continue")
    watch.keep("a token rotated for a leak", stored(page))


def stored(page: Page) -> str:
    token = page.inner_text("#secret-text")
    page.click("text=I have stored it")
    expect(page.locator("#dlg")).to_be_hidden()
    assert page.inner_html("#dlg").strip() == ""
    return token


def search_pages(context: BrowserContext, story: Story) -> None:
    """Every page that a link leads to: its answers, its source as scripts left it, its storage."""
    server, watch = story.server, story.watch
    page = context.new_page()
    answers: list[Response] = []

    def hear(answer: Response) -> None:
        answers.append(answer)

    page.on("response", hear)
    waiting, seen = [page.path for page in (*PAGES, *OPEN_PAGES) if is_plain(page)], set[str]()
    while waiting and len(seen) < PAGES_MAX:
        path = waiting.pop(0)
        if shape_of(path) in seen:
            continue
        seen.add(shape_of(path))
        answers.clear()
        opened = page.goto(server.url + path)
        assert opened is not None
        assert opened.status < 400, (path, opened.status)
        shown = SIGNING if path.endswith("/secret") else ()
        source = page.content()
        watch.look(f"the source of {path}", source, but=shown)
        watch.look(f"the storage behind {path}", str(page.evaluate(STORES)))
        for answer in answers:
            watch.look(f"a header at {path}", str(answer.all_headers()))
            if answer.status < 300 and answer.request.resource_type in {"document", "xhr", "fetch"}:
                watch.look(f"an answer at {path}", answer.body(), but=shown)
        waiting += [one.replace("&amp;", "&") for one in
                    re.findall(r'(?:href|hx-get)="(/[^"#]*)"', source)
                    if not one.startswith(("/console-assets", "/openapi.json", "/asyncapi.json", "/live"))
                    and "export" not in one]  # fmt: skip
    assert len(seen) > 40


def is_plain(page: Any) -> bool:
    """Whether it opens without anything else. Files are told to be downloaded, and some ask about one thing."""
    is_other = page.path in {"/live", "/find"} or page.path.endswith("/remove")
    is_other = is_other or "/export" in page.path
    return page.method == "GET" and "{" not in page.path and not is_other


def shape_of(path: str) -> str:
    """Pages about different things look alike: one of each kind is enough, and each query once."""
    return re.sub(r"=[^&]*", "=", re.sub(r"/[a-z]{3,4}_[0-9a-z_]+", "/x", path))


def search_api(story: Story) -> None:
    """Every operation that reads, of what the lists name."""
    server, watch = story.server, story.watch
    headers = {"Authorization": f"Bearer {story.reader}"}
    hooks = {"response": [watch.hear]}
    with httpx.Client(
        base_url=server.url, headers=headers, event_hooks=hooks, timeout=30
    ) as client:
        read = 0
        for operation in operations_of(client.get("/openapi.json").json()):
            if operation.method != "GET" or operation.path.endswith("/stream"):
                continue
            for url in urls_of(client, operation.path):
                answer = client.get(url)
                assert answer.status_code in {200, 403, 404}, url
                read += answer.status_code == 200
        for url in ("/v1/audit/export?format=csv", "/metrics", "/readyz", "/healthz"):
            client.get(url)
    assert read > 30


def urls_of(client: httpx.Client, path: str) -> list[str]:
    stem, brace, rest = path.partition("/{")
    if not brace or "{" in rest:
        return [] if brace else [path]
    listed = client.get(stem)
    if listed.status_code != 200:
        return []
    name, _, tail = rest.partition("}")
    return [f"{stem}/{one[name]}{tail}" for one in listed.json().get("data", [])[:5] if name in one]


def in_a_loop(server: Installation) -> list[tuple[str, bytes]]:
    return asyncio.run(rows_of(server))
