"""Addresses of web servers among a carrier's settings."""

from typing import Annotated

from pydantic import AfterValidator, Field

from hookline.outbound.errors import TargetInvalid
from hookline.outbound.targets import URL_LENGTH_MAX, parse_target


def _checked(url: str) -> str:
    try:
        target = parse_target(url)
    except TargetInvalid as error:
        raise ValueError(error.detail) from error
    if "?" in target.path:
        raise ValueError("leave out the query, behind the ?")
    return url.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_checked), Field(max_length=URL_LENGTH_MAX)]
"""http or https, a host, perhaps a port and a path; no slash at the end."""
