"""Every page: its links lead somewhere, and it promises nothing for later."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, anchors, links, pages, shown

LATER = re.compile(
    r"\b(TODO|FIXME|TBD|XXX|WIP|coming soon|to be written|lorem ipsum|work in progress)\b",
    re.IGNORECASE,
)
PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_to_what_exists(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            made = f'<a id="{anchor}">' in target.read_text()
            assert made or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_nothing_is_promised_for_later(page: Path) -> None:
    assert LATER.findall(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_page_has_one_title(page: Path) -> None:
    outside = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"^# ", outside, re.MULTILINE)) == 1


def test_index_lists_every_guide_and_reference() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    for kind in ("how-to", "reference", "explanation"):
        assert set((ROOT / "docs" / kind).glob("*.md")) <= listed
