"""The part of a carrier's wire shapes that belongs to its kind: to create, to patch, to show."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SecretStr, Strict, create_model
from pydantic.fields import FieldInfo

from hookline.api.wire import Body
from hookline.carriers.kinds import Kind

_SECRET_LENGTH_MAX = 200


def _plain(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not (text.isascii() and (text.isprintable() or not text)):
        raise ValueError("use printable ASCII characters")
    return secret


def _without_default(schema: dict[str, Any]) -> None:  # Any: JSON schema
    """In a patch what is left out stays, so that no default must be shown."""
    schema.pop("default", None)


Secret = Annotated[
    SecretStr,
    AfterValidator(_plain),
    Field(max_length=_SECRET_LENGTH_MAX, description="Write-only; kept sealed."),
]


_OPTIONAL = Field(description="Write-only; kept sealed. Empty: none.")


NAMED = "secrets"
"""The field of secrets of a carrier's own naming."""
_NAME = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
_NAMED_COUNT_MAX = 20
_LONG_SECRET_MAX = 4_000
_LongSecret = Annotated[SecretStr, AfterValidator(_plain), Field(max_length=_LONG_SECRET_MAX)]
_Named = dict[_NAME, _LongSecret]
_ABOUT_NAMED = (
    "By the names that the template has for them. Write-only; kept sealed. An empty one is removed."
)


def create_section(name: str, kind: Kind) -> type[BaseModel]:
    """The kind's settings and secrets."""
    fields: dict[str, Any] = {  # Any: pydantic's own form of a field
        field: (_exact(info), info) for field, info in kind.settings.model_fields.items()
    }
    fields |= dict.fromkeys(kind.secrets, (Secret, ...))
    fields |= dict.fromkeys(kind.optional_secrets, (Annotated[Secret | None, _OPTIONAL], None))
    fields |= _named(kind)
    return create_model(
        f"{_title(name)}Create", __base__=kind.settings, __doc__=kind.settings.__doc__, **fields
    )


def patch_section(name: str, kind: Kind) -> type[BaseModel]:
    """The same, all of it optional, with the same bounds."""
    fields: dict[str, Any] = {}  # Any: pydantic's own form of a field
    for field, info in kind.settings.model_fields.items():
        kept = Field(default=None, description=info.description, json_schema_extra=_without_default)
        fields[field] = (Annotated[_exact(info), *info.metadata, kept], None)
    for secret in kind.optional_secrets:
        about = _OPTIONAL.description
        kept = Field(default=None, description=about, json_schema_extra=_without_default)
        fields[secret] = (Annotated[Secret, kept], None)
    for secret in kind.secrets:
        kept = Field(default=None, json_schema_extra=_without_default)
        fields[secret] = (Annotated[Secret, kept], None)
    fields |= _named(kind)
    return create_model(
        f"{_title(name)}Patch", __base__=Body, __doc__="What to change of it.", **fields
    )


def shown_section(name: str, kind: Kind) -> type[BaseModel]:
    """The kind's settings, and of its secrets whether there are any."""
    flags: dict[str, Any] = {f"{secret}_set": (bool, ...) for secret in kind.all_secrets}
    if kind.named_secrets:
        about = Field(description="The names of the secrets that there are.")
        flags[f"{NAMED}_set"] = (Annotated[list[str], about], ...)
    return create_model(
        f"{_title(name)}", __base__=kind.settings, __doc__=kind.settings.__doc__, **flags
    )


def _named(kind: Kind) -> dict[str, Any]:  # Any: pydantic's own form of a field
    if not kind.named_secrets:
        return {}
    field: Any = Field(default_factory=dict, max_length=_NAMED_COUNT_MAX, description=_ABOUT_NAMED)
    return {NAMED: (_Named, field)}


def _exact(info: FieldInfo) -> Any:  # Any: an annotation
    """The field's type, which takes no `0` for false and no `"1"` for 1."""
    kind = info.annotation
    return Annotated[kind, Strict()] if kind in {bool, int, float} else kind


def _title(kind: str) -> str:
    return kind.capitalize()
