"""The console's own files."""

import re
from pathlib import Path

import pytest

from hookline.console.assets import STYLE_SHEET, Assets, load_assets

BUDGET_BYTES = 60_000
CONSOLE = Path(__file__).parents[2] / "src/hookline/console"


@pytest.fixture(scope="module")
def assets() -> Assets:
    return load_assets()


def test_scripts_and_styles_stay_within_the_budget(assets: Assets) -> None:
    sent = sum(len(assets.get(name).gzipped) for name in assets.names() if name != "icons.svg")
    assert sent <= BUDGET_BYTES


def test_another_content_has_another_address() -> None:
    one, other = Assets({"a.js": b"1"}), Assets({"a.js": b"2"})
    assert one.url("a.js") != other.url("a.js")


def test_a_misspelt_name_fails() -> None:
    with pytest.raises(KeyError):
        Assets({"a.js": b"1"}).url("b.js")


def test_every_icon_that_is_used_is_drawn(assets: Assets) -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', assets.get("icons.svg").body.decode()))
    sources = "".join(path.read_text() for path in CONSOLE.rglob("*.html"))
    sources += (CONSOLE / "navigation.py").read_text()
    used = set(re.findall(r"""icon\('([a-z-]+)'\)|data-icon="([a-z]+)\"""", sources))
    assert {one or other for one, other in used} <= drawn


def test_no_template_holds_script_or_style(assets: Assets) -> None:
    for path in CONSOLE.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", text), path.name
        assert "hx-on" not in text, path.name


def test_nothing_is_fetched_from_elsewhere(assets: Assets) -> None:
    for name in assets.names():
        if name != "htmx.min.js":
            text = assets.get(name).body.decode().replace("http://www.w3.org/2000/svg", "")
            assert "http://" not in text, name
            assert "https://" not in text, name
    assert "@import" not in assets.get(STYLE_SHEET).body.decode()


def test_every_form_that_posts_carries_the_token() -> None:
    for path in CONSOLE.rglob("*.html"):
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(), re.DOTALL):
            assert re.search(r"m\.csrf\((csrf|session)_token\)", form), path.name
            assert 'action="' in form, path.name
