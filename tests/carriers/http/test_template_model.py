"""Templates that cannot work are refused when they are given, with the place that is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from hookline.carriers.http.agreement import check_http, secrets_of
from hookline.carriers.http.template.model import HttpSettings
from hookline.carriers.http.template.placeholders import fill, fill_document, fill_path
from hookline.carriers.http.template.places import Told, scalar_at
from hookline.carriers.http.template.receiver import number_of
from hookline.errors import Invalid

URL = "https://api.example.com/sms"


def settings(**template: Any) -> HttpSettings:
    return HttpSettings.model_validate({"template": {"request": {"url": URL}, **template}})


@pytest.mark.parametrize(
    ("request_part", "place", "says"),
    [
        ({"url": "https://{to}.example.com/"}, "url", "in the host"),
        ({"url": "ftp://example.com/"}, "url", "must start with"),
        ({"url": f"{URL}#x"}, "url", "fragment"),
        ({"url": f"{URL}/{{recipient}}"}, "url", "no placeholder {recipient}"),
        ({"url": f"{URL}/}}"}, "url", "write }} for it"),
        ({"url": URL, "query": {"a": "{secret.A}"}}, "query", "no placeholder {secret.A}"),
        ({"url": URL, "headers": {"X-Text": "{text}"}}, "headers", "cannot stand in a header"),
        ({"url": URL, "headers": {"Host": "x"}}, "headers", "is set by Hookline"),
        ({"url": URL, "headers": {"Authorization": "Bearer abc"}}, "headers", "`secrets`"),
        ({"url": URL, "basic": {"user": "a", "password": "b"}}, "password", "`secrets`"),
        ({"url": URL, "body": {"type": "json", "content": {"a": ["{b}"]}}}, "content", "{b}"),
        ({"url": URL, "body": {"type": "form", "content": {"a": {"b": "c"}}}}, "content", "texts"),
        ({"url": URL, "method": "GET", "body": {"type": "form", "content": {}}}, "request", "query"),
    ],
)  # fmt: skip
def test_request_that_cannot_be_made_is_refused(
    request_part: dict[str, Any], place: str, says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(request=request_part)
    [found] = caught.value.errors()
    assert place in found["loc"]
    assert says in found["msg"]


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"answer": {"id": {"pointer": "id"}}}, "begins with /"),
        ({"answer": {"id": {"pointer": "/a~2"}}}, "~0"),
        ({"answer": {"id": {"pattern": "(a|b)"}}}, "alternatives"),
        ({"answer": {"id": {"pattern": "(a)", "pointer": "/a"}}}, "either"),
        ({"answer": {"id": {}}}, "either"),
        ({"answer": {"success": {"values": ["0"]}}}, "both"),
        ({"check": {"type": "hmac", "secret": "a"}}, "header"),
        ({"check": {"type": "basic", "secret": "a"}}, "user"),
        ({"receipts": {"id": "id", "status": "s", "delivered": ["D"]}}, "check"),
        ({"answers": {}}, "Extra inputs"),
    ],
)  # fmt: skip
def test_rest_that_cannot_work_is_refused(part: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        settings(**part)


def test_secrets_that_the_template_uses_must_be_there() -> None:
    found = settings(
        request={"url": f"{URL}/{{secret.path_key}}", "headers": {"X-Key": "{secret.api_key}"}},
        check={"type": "bearer", "secret": "callback"},
    )
    assert secrets_of(found) == {"path_key", "api_key", "callback"}
    with pytest.raises(Invalid) as caught:
        check_http(found, ["api_key"])
    pointers = [one.pointer for one in caught.value.errors]
    assert pointers == ["/http/secrets/callback", "/http/secrets/path_key"]


def test_what_is_stored_is_what_was_given() -> None:
    found = settings(answer={"id": {"pointer": ""}}, check={"type": "query", "secret": "a"})
    assert HttpSettings.model_validate_json(found.model_dump_json()) == found


def test_placeholders_cannot_change_what_they_stand_in() -> None:
    values = {"to": "a/../b?c=d&e\r\nX: y", "text": 'say "{to}"', "segments": 2, "is_unicode": True}
    assert fill_path("/x/{to}/y", values) == "/x/a%2F..%2Fb%3Fc%3Dd%26e%0D%0AX%3A%20y/y"
    assert fill("{{to}} {text}", values) == '{to} say "{to}"'
    document = {"{to}": ["{segments}", "{is_unicode}", "n={segments} {is_unicode}", 3, None]}
    assert fill_document(document, values) == {"{to}": [2, True, "n=2 true", 3, None]}


@pytest.mark.parametrize(
    ("body", "pointer", "found"),
    [
        (b'{"a":[{"b/c":"x"}]}', "/a/0/b~1c", "x"),
        (b'{"a":7}', "/a", "7"),
        (b'{"a":true}', "/a", "true"),
        (b'"x"', "", "x"),
        (b'{"a":null}', "/a", None),
        (b'{"a":{}}', "/a", None),
        (b'{"a":[]}', "/a/0", None),
        (b'{"a":[1]}', "/a/-1", None),
        (b"not json", "/a", None),
        (b"\xff", "/a", None),
        (b"[" * 10_000, "/0", None),
        (b'{"a":"' + b"x" * 300 + b'"}', "/a", None),
    ],
)
def test_pointer_finds_scalars_only(body: bytes, pointer: str, found: str | None) -> None:
    place = settings(answer={"id": {"pointer": pointer}}).template.answer.id
    assert Told(body).find(place) == found
    assert scalar_at({"a": 1}, "/b") is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+447700900123", "+447700900123"), ("447700900123", "+447700900123"),
        ("00447700900123", "+447700900123"), (" 447700900123", "+447700900123"),
        ("12345", "12345"), ("Acme", "Acme"), ("whatsapp:+447700900123", "whatsapp:+447700900123"),
    ],
)  # fmt: skip
def test_numbers_are_e164_however_they_come(text: str, number: str) -> None:
    assert number_of(text) == number
