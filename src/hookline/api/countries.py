"""Lists of countries on the wire, of a credential and of an account."""

from typing import Annotated

from pydantic import AfterValidator, Field

from hookline.restrictions import COUNTRIES_MAX, parse_country

AllowedCountries = Annotated[
    list[Annotated[str, Field(max_length=10), AfterValidator(parse_country)]],
    Field(
        min_length=1,
        max_length=COUNTRIES_MAX,
        description="Where messages and calls may go, as ISO 3166 codes of the numbers; elsewhere is "
        "403 `country_not_allowed`. A SIP URI of a name or an extension has no country and passes.",
        examples=[["US", "GB"]],
    ),
]
