"""Templates to answers: the one Jinja environment, with escaping always on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from hookline.clock import Clock, to_rfc3339
from hookline.console import times
from hookline.console.assets import Assets

_TEMPLATES = Path(__file__).parent / "templates"
Query = Mapping[str, str]


class Renderer:
    """Turns a template's name and values into HTML."""

    def __init__(self, assets: Assets, clock: Clock) -> None:
        self._clock = clock
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            asset=assets.url,
            script_names=[name for name in assets.names() if _is_preloaded(name)],
        )
        self._environment.filters.update(
            ago=times.ago,
            due=times.due,
            utc=times.utc,
            day=times.day,
            clock_time=times.clock_time,
            rfc3339=to_rfc3339,
            with_value=with_value,
            without=without,
            code_spans=code_spans,
        )

    def render(self, template: str, values: Mapping[str, Any]) -> str:  # Any: what templates show
        now = self._clock.now_ms()
        return self._environment.get_template(template).render(values, now=now)


def with_value(query: Query, name: str, value: str) -> str:
    """The query string with one parameter set."""
    return urlencode({**query, name: value})


def without(query: Query, *names: str) -> str:
    """The query string without some parameters."""
    return urlencode({name: value for name, value in query.items() if name not in names})


def code_spans(text: str) -> Markup:
    """Text in which `backticks` mark code, as docstrings have it."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a lone backtick is a character like others
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def _is_preloaded(name: str) -> bool:
    return name.startswith("js/") and name not in {"js/app.js", "js/live-worker.js"}
