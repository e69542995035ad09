"""The page of delivery errors for `reference.py`."""

from collections.abc import Iterator

from hookline.foundation import KINDS
from hookline.messages.error_routes import entries

_NOTE = (
    "`error.code` of a message says why it did not arrive; `error.carrier_code` is what the carrier said. "
    "`GET /v1/message_errors` has this page for programs. A code of a carrier that is not here is "
    "`carrier_rejected` when it refuses a message, and `undelivered` in a receipt."
)


def message_errors() -> Iterator[str]:
    yield "# Delivery errors"
    yield ""
    yield _NOTE
    yield ""
    for one in entries(KINDS):
        yield f"## {one.code}"
        yield ""
        yield f"**{one.title}.** {one.meaning} {one.action}"
        yield ""
        again = "sending it again unchanged ends the same way" if one.permanent else "it may pass"
        yield f"{again[0].upper()}{again[1:]}."
        yield ""
        for kind, codes in one.carrier_codes.items():
            yield f"- {kind}: {', '.join(f'`{code}`' for code in codes)}"
        if one.carrier_codes:
            yield ""
