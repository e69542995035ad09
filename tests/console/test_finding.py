"""Opening what was pasted, and the first steps."""

import pytest

from hookline.console.navigation import MAIN
from hookline.console.pages.start import first_steps, place_of
from hookline.console.routes import OPEN_PAGES, PAGES
from hookline.errors import NotFound
from hookline.ids import IdSource

IDS = IdSource()


@pytest.mark.parametrize(
    ("prefix", "place"),
    [
        ("msg", "/messages"),
        ("whk", "/webhooks"),
        ("dlv", "/deliveries"),
        ("car", "/carriers"),
        ("rte", "/routes"),
        ("pol", "/pools"),
        ("num", "/numbers"),
        ("ers", "/administration/erasures"),
        ("crd", "/administration/integrations/config/credentials"),
    ],
)
def test_an_id_leads_to_its_page(prefix: str, place: str) -> None:
    identifier = IDS.new(prefix)
    assert place_of(identifier) == f"{place}/{identifier}"


@pytest.mark.parametrize("text", ["+1 202 555 0110", "12025550110"])
def test_a_number_leads_to_its_messages(text: str) -> None:
    assert place_of(text) == "/messages?number=%2B12025550110"


@pytest.mark.parametrize("text", ["", "msg_short", "hello", "//evil.example"])
def test_anything_else_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        place_of(text)


def test_the_menu_lists_only_what_exists() -> None:
    paths = {page.path for page in (*PAGES, *OPEN_PAGES) if page.method == "GET"}
    assert {item.url for group in MAIN for item in group.links} <= paths


def test_letters_are_used_once() -> None:
    letters = [item.letter for group in MAIN for item in group.links]
    assert len(letters) == len(set(letters))
    assert "k" not in letters  # credentials


def test_steps_tick_themselves_off() -> None:
    assert [step.is_done for step in first_steps((True, False, True), "curl")] == [
        True,
        False,
        True,
    ]
