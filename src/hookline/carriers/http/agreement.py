"""What a kind's settings and secrets must have in common. Told when a carrier is added or changed."""

from collections.abc import Collection

from hookline.carriers.http.template.model import HttpSettings
from hookline.carriers.http.template.placeholders import names_in, secrets_in
from hookline.carriers.http.twilio.settings import TwilioSettings
from hookline.errors import FieldError, Invalid

_SETTINGS_BYTES_MAX = 65_536


def check_twilio(settings: TwilioSettings, secrets: Collection[str]) -> None:
    """Raises Invalid."""
    if settings.api_key_sid and "api_key_secret" not in secrets:
        text = "An API key needs its secret. The auth token stays needed: callbacks are signed with it."
        raise Invalid.at("/twilio/api_key_secret", "missing", text)


def check_http(settings: HttpSettings, secrets: Collection[str]) -> None:
    """Raises Invalid."""
    if len(settings.model_dump_json()) > _SETTINGS_BYTES_MAX:
        text = f"The template is longer than {_SETTINGS_BYTES_MAX} bytes."
        raise Invalid.at("/http/template", "too_long", text)
    missing = sorted(secrets_of(settings) - set(secrets))
    if missing:
        errors = [
            FieldError(f"/http/secrets/{name}", "missing", f"The template uses the secret {name}.")
            for name in missing
        ]
        raise Invalid(
            f"The template uses secrets that are not given: {', '.join(missing)}.", errors=errors
        )


def secrets_of(settings: HttpSettings) -> set[str]:
    """The names of the secrets that a template uses."""
    check = settings.template.check
    used = secrets_in(names_in(settings.template.request.texts()))
    return used | ({check.secret} if check is not None else set())
