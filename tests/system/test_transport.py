"""What a server that is reached by https tells browsers, and one that is not does not."""

import httpx
import pytest

from tests.system.installation import Installation
from tests.system.people import token_in

HSTS = "strict-transport-security"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/v1/messages", "/nowhere", "/openapi.json", "/asyncapi.json"]
)
def test_without_https_nothing_is_promised(desk: Installation, path: str) -> None:
    assert HSTS not in httpx.get(desk.url + path).headers


def test_behind_https_browsers_stay_with_it(installation: Installation) -> None:
    """Every answer says so, and the cookies go nowhere else."""
    installation.environment |= {"HOOKLINE_PUBLIC_URL": "https://sms.example.com"}
    installation.start()
    headers = {"host": "sms.example.com"}
    with httpx.Client(base_url=installation.url, headers=headers) as client:
        for path in ("/sign-in", "/v1/messages", "/nowhere", "/openapi.json", "/healthz"):
            assert client.get(path).headers[HSTS] == "max-age=31536000; includeSubDomains", path
        form = client.get("/sign-in")
        assert token_in(form)
        for cookie in form.headers.get_list("set-cookie"):
            assert cookie.startswith("__Host-")
            assert {"secure", "httponly", "samesite=lax"} <= {
                part.strip().lower() for part in cookie.split(";")
            }
