"""What every kind of carrier that is asked by HTTP can be told about its requests."""

from typing import Annotated, Literal

from pydantic import Field

from hookline.api.wire import Body


class RequestSettings(Body):
    """How fast requests are made, and what a lost answer means."""

    window: Annotated[int, Field(ge=1, le=200, description="Requests at once.")] = 10
    rate: Annotated[float, Field(ge=0, le=1_000, description="Messages a second; 0: no limit.")] = (
        25.0
    )
    response_timeout_seconds: Annotated[
        float, Field(ge=0.5, le=120, description="How long an answer may take.")
    ] = 15.0
    ambiguous: Annotated[
        Literal["fail", "resend"],
        Field(
            description="What becomes of a message whose request got no answer, and no receipt within "
            "`ambiguous_wait_seconds`. resend may send it twice."
        ),
    ] = "fail"
    ambiguous_wait_seconds: Annotated[int, Field(ge=1, le=259_200)] = 600
