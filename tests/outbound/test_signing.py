import base64
import datetime as dt
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from hookline.outbound.errors import SigningSecretInvalid
from hookline.outbound.signing import check_secret, new_secret, sign

EVENT = "evt_01jz8x6n0efrmv4d3c2b1a0z9y"


def headers(signature: str, timestamp_s: int) -> dict[str, str]:
    return {
        "webhook-id": EVENT,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature,
    }


def now_s() -> int:
    return int(time.time())  # noqa: TID251 - the official library checks it against the machine's


def test_vector_of_the_specification() -> None:
    signature = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_official_library_verifies(event: dict[str, str | int]) -> None:
    secret, at = new_secret(), now_s()
    body = json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
    signed = headers(sign([secret], EVENT, at, body), at)
    assert Webhook(secret).verify(body, signed) == json.loads(body)


def test_official_library_signs_the_same() -> None:
    secret, at = new_secret(), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    expected = Webhook(secret).sign(EVENT, at, '{"a":1}')
    assert sign([secret], EVENT, int(at.timestamp()), b'{"a":1}') == expected


def test_each_of_several_secrets_verifies() -> None:
    secrets, at = [new_secret(), new_secret(), new_secret()], now_s()
    signature = sign(secrets, EVENT, at, b"{}")
    assert len(signature.split(" ")) == 3
    for secret in secrets:
        Webhook(secret).verify(b"{}", headers(signature, at))


def test_altered_body_does_not_verify() -> None:
    secret, at = new_secret(), now_s()
    signed = headers(sign([secret], EVENT, at, b"{}"), at)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{ }", signed)


def test_new_secret_is_256_random_bits() -> None:
    secret = new_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert secret != new_secret()


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_not base64!", "whsec_c2hvcnQ=", "ü", "whsec_" + "A" * 88]
)
def test_unusable_secret_is_refused(secret: str) -> None:
    with pytest.raises(SigningSecretInvalid):
        check_secret(secret)
