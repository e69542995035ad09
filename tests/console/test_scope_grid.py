"""The grid of scopes."""

from hookline.console.views.scopes import SEND_AND_RECEIVE, Box, Grid, scope_grid
from hookline.principal import Scope

ALL = frozenset(Scope)


def boxes(grid: Grid) -> list[Box]:
    return [
        box for part in grid.parts for row in part.rows for cell in (row.read, row.change)
        for box in cell
    ]  # fmt: skip


def test_every_scope_has_exactly_one_box() -> None:
    assert sorted(box.scope for box in boxes(scope_grid(ALL, frozenset()))) == sorted(ALL)


def test_what_a_person_does_not_hold_is_locked() -> None:
    grid = scope_grid(frozenset({Scope.MESSAGES_READ}), frozenset())
    assert [box.scope for box in boxes(grid) if not box.is_locked] == ["messages:read"]
    assert all(set(preset.scopes) <= {"messages:read"} for preset in grid.presets)


def test_the_preset_that_is_chosen_is_pressed() -> None:
    grid = scope_grid(ALL, SEND_AND_RECEIVE)
    assert [preset.title for preset in grid.presets if preset.is_chosen] == ["Send and receive SMS"]
    assert grid.chosen == len(SEND_AND_RECEIVE)


def test_usual_choices_are_offered() -> None:
    titles = [preset.title for preset in scope_grid(ALL, frozenset()).presets]
    assert {"Send SMS", "Receive webhooks", "Place calls", "Read only"} <= set(titles)


def test_the_second_part_is_open_when_something_in_it_is_chosen() -> None:
    assert not scope_grid(ALL, SEND_AND_RECEIVE).parts[1].is_open
    assert scope_grid(ALL, frozenset({Scope.CALLS_READ})).parts[1].is_open
