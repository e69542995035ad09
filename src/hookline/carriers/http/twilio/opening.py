"""Opens the link to an account at Twilio."""

from collections.abc import Mapping

from hookline.carriers.http.link import HttpLink
from hookline.carriers.http.twilio.dialect import TwilioDialect
from hookline.carriers.http.twilio.settings import TwilioSettings
from hookline.carriers.port import Opening


def open_twilio(settings: TwilioSettings, secrets: Mapping[str, str], opening: Opening) -> HttpLink:
    """Begin to ask whether the account can be used; returns at once."""
    dialect = TwilioDialect(settings, secrets, opening.carrier_id, opening.public_url)
    return HttpLink(dialect, settings, opening)
