"""What a person typed, and how refusals find their way back to the fields."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request

from hookline.api.wire import check_text
from hookline.errors import HooklineError, MalformedRequest

_FIELDS_MAX = 200


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, by name."""

    data: FormData

    def text(self, name: str) -> str:
        """The field's text without white space around it; empty when it is missing."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """The field's text as it was typed, line ends as `\\n`."""
        value = self.data.get(name, "")
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Every value of a field that may be chosen several times."""
        return [value for value in self.data.getlist(name) if isinstance(value, str)]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a form was not taken: by field, and as a whole."""

    fields: dict[str, str]
    whole: str


NOTHING_WRONG = Refusal({}, "")


async def read_form(request: Request) -> Form:
    """The body as a form. Raises MalformedRequest."""
    data = await request.form(max_files=0, max_fields=_FIELDS_MAX)
    try:
        check_text([value for _, value in data.multi_items()])
    except ValueError as error:
        raise MalformedRequest(f"The form cannot be read: {error}.") from error
    return Form(data)


def refusal_of(error: HooklineError, shown: Sequence[str]) -> Refusal:
    """The error in the terms of a form that shows these fields."""
    fields: dict[str, str] = {}
    for part in error.errors:
        name = part.pointer.strip("/").partition("/")[0]
        if name in shown:
            fields.setdefault(name, part.detail)
    return Refusal(fields, "" if fields else error.detail)
