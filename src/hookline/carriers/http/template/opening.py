"""Opens the link to a carrier that a template describes."""

from collections.abc import Mapping

from hookline.carriers.http.link import HttpLink
from hookline.carriers.http.template.dialect import TemplateDialect
from hookline.carriers.http.template.model import HttpSettings
from hookline.carriers.port import Opening


def open_http(settings: HttpSettings, secrets: Mapping[str, str], opening: Opening) -> HttpLink:
    """Begin to reach its server; returns at once."""
    dialect = TemplateDialect(settings, secrets, opening.carrier_id, opening.public_url)
    return HttpLink(dialect, settings, opening)
