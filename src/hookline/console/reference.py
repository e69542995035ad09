"""The API reference, made from the application's own OpenAPI document. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hookline.errors import HooklineError, all_errors

Json = Mapping[str, Any]  # Any: an OpenAPI document
SCOPE_KEY = "x-required-scope"
IDEMPOTENT_KEY = "x-idempotent"
_METHODS = ("get", "post", "put", "patch", "delete")
_DEPTH_MAX = 4
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    kind: str
    place: str
    required: bool
    text: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One status that an operation answers with."""

    status: str
    text: str
    code: str
    """The error's page; empty for success."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    scope: str | None
    is_open: bool
    idempotent: bool
    parameters: Sequence[Field]
    body: Sequence[Field]
    answers: Sequence[Answer]
    shape: Sequence[Field]
    curl: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations of one tag."""

    id: str
    title: str
    operations: Sequence[Operation]


@dataclass(frozen=True, slots=True)
class EventPage:
    """One type of event, as receivers get it."""

    type: str
    text: str
    """When it is told."""
    example: str


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """One stable error code."""

    code: str
    title: str
    status: int
    text: str
    permanent: bool


def chapters(document: Json, origin: str) -> list[Chapter]:
    """The whole reference, in the order of the document."""
    reader = _Reader(document, origin)
    by_tag: dict[str, list[Operation]] = {}
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                by_tag.setdefault(tag, []).append(reader.operation(method, path, item[method]))
    return [Chapter(_slug(tag), _title(tag), found) for tag, found in by_tag.items()]


def event_pages(document: Json) -> list[EventPage]:
    """The events that webhooks are told, each with an example."""
    pages = []
    for name, item in document.get("webhooks", {}).items():
        content = item.get("post", {}).get("requestBody", {}).get("content", {}).get(_JSON, {})
        example = json.dumps(content.get("example", {}), indent=2, ensure_ascii=False)
        pages.append(EventPage(name, item.get("post", {}).get("description", ""), example))
    return pages


def error_pages() -> list[ErrorPage]:
    """Every error by its code; where classes share a code, the most general one speaks."""
    pages: dict[str, ErrorPage] = {}
    for cls in all_errors():
        if cls is not HooklineError and cls.code not in pages:
            pages[cls.code] = _error_page(cls)
    return sorted(pages.values(), key=lambda page: (page.status, page.code))


def _error_page(cls: type[HooklineError]) -> ErrorPage:
    text = " ".join((cls.__doc__ or "").split())
    return ErrorPage(cls.code, cls.title, cls.status, text, cls.permanent)


class _Reader:
    """Follows the references of one document."""

    def __init__(self, document: Json, origin: str) -> None:
        self._document = document
        self._origin = origin
        self._codes = {(str(page.status), page.title): page.code for page in error_pages()}

    def operation(self, method: str, path: str, found: Json) -> Operation:
        body = self._schema_of(found.get("requestBody", {}))
        return Operation(
            id=found.get("operationId") or _slug(f"{method} {path}"),
            method=method.upper(),
            path=path,
            summary=found.get("summary", ""),
            text=found.get("description", ""),
            scope=found.get(SCOPE_KEY),
            is_open=found.get("security") == [],
            idempotent=bool(found.get(IDEMPOTENT_KEY)),
            parameters=[self._parameter(item) for item in found.get("parameters", [])],
            body=list(self._fields(body)),
            answers=[
                self._answer(str(status), self._follow(answer))
                for status, answer in sorted(found.get("responses", {}).items())
            ],
            shape=list(self._fields(self._success(found))),
            curl=self._curl(method, path, body),
        )

    def _answer(self, status: str, found: Json) -> Answer:
        text = found.get("description", "")
        code = self._codes.get((status, text), "")
        return Answer(status, "Success" if text == "Successful Response" else text, code)

    def _success(self, found: Json) -> Json:
        for status, answer in found.get("responses", {}).items():
            if str(status).startswith("2"):
                return self._schema_of(self._follow(answer))
        return {}

    def _schema_of(self, holder: Json) -> Json:
        content = self._follow(holder).get("content", {})
        return self._follow(content.get(_JSON, {}).get("schema", {}))

    def _parameter(self, item: Json) -> Field:
        found = self._follow(item)
        schema = found.get("schema", {})
        return Field(
            name=found["name"],
            kind=self._kind(schema).removesuffix(" or null"),
            place=found["in"],
            required=bool(found.get("required")),
            text=found.get("description") or self._follow(schema).get("description", ""),
        )

    def _fields(self, schema: Json, depth: int = 0) -> Iterator[Field]:
        required = set(schema.get("required", ()))
        for name, part in schema.get("properties", {}).items():
            followed = self._without_null(self._follow(part))
            text = part.get("description") or followed.get("description", "")
            yield Field(name, self._kind(part), "body", name in required, text, depth)
            inner = self._follow(followed.get("items", {})) if "items" in followed else followed
            if depth < _DEPTH_MAX and inner.get("properties"):
                yield from self._fields(inner, depth + 1)

    def _kind(self, schema: Json) -> str:
        schema = self._follow(schema)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return " or ".join(dict.fromkeys(self._kind(part) for part in schema[word]))
        if "allOf" in schema and len(schema["allOf"]) == 1:
            return self._kind(schema["allOf"][0])
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            return " | ".join(str(value) for value in schema["enum"])
        if schema.get("type") == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        kind = schema.get("type", "any")
        kind = " or ".join(kind) if isinstance(kind, list) else str(kind)
        form = schema.get("format")
        return f"{kind} ({form})" if form else kind

    def _without_null(self, schema: Json) -> Json:
        options = [
            self._follow(part)
            for part in schema.get("anyOf", ())
            if self._follow(part).get("type") != "null"
        ]
        return options[0] if len(options) == 1 else schema

    def _follow(self, schema: Json) -> Json:
        for _ in range(_DEPTH_MAX):
            reference = schema.get("$ref")
            if reference is None:
                break
            target: Any = self._document  # Any: walking JSON
            for part in str(reference).removeprefix("#/").split("/"):
                target = target[part]
            schema = target
        return schema

    def _curl(self, method: str, path: str, body: Json) -> str:
        lines = [f"curl {self._origin}{path}"]
        if method not in {"get", "post"} or (method == "post" and not body):
            lines[0] = f"curl -X {method.upper()} {self._origin}{path}"
        lines.append('-H "Authorization: Bearer $HOOKLINE_TOKEN"')
        if body:
            lines.append('-H "Content-Type: application/json"')
            example = json.dumps(self._example(body), ensure_ascii=False)
            lines.append("-d '" + example.replace("'", "'\\''") + "'")
        return " \\\n  ".join(lines)

    def _example(self, schema: Json, depth: int = 0) -> Any:  # Any: JSON
        schema = self._without_null(self._follow(schema))
        if schema.get("examples"):
            return schema["examples"][0]
        if "example" in schema:
            return schema["example"]
        if "properties" in schema and depth < _DEPTH_MAX:
            required = schema.get("required") or list(schema["properties"])[:1]
            return {name: self._example(schema["properties"][name], depth + 1) for name in required}
        return _plain_example(schema, self, depth)


def _plain_example(schema: Json, reader: _Reader, depth: int) -> Any:  # Any: JSON
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array" and depth < _DEPTH_MAX:
        return [reader._example(schema.get("items", {}), depth + 1)]  # noqa: SLF001  # its own part
    by_type: dict[str, Any] = {"integer": 1, "number": 1, "boolean": True, "object": {}}
    return by_type.get(str(schema.get("type")), "…")


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")


def _title(tag: str) -> str:
    return tag.replace("_", " ").replace("-", " ").capitalize() if tag.islower() else tag
