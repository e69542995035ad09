"""What a server writes down, at its most talkative, tells no token, no text and no full number."""

import httpx

from tests.services.ports import find_free_port
from tests.system.installation import TEXT, Installation, judge_log
from tests.system.recipes import PHONE, SANDBOX_NUMBER, send_body

NUMBER = "+447700900123"


def test_a_talkative_server_keeps_secrets(each_installation: Installation) -> None:
    each_installation.start()
    token = each_installation.token()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=each_installation.url, headers=headers) as client:
        nowhere = f"http://127.0.0.1:{find_free_port()}/hook"
        client.post("/v1/webhooks", json={"url": nowhere, "events": ["*"]}).raise_for_status()
        made = client.post("/v1/messages", json=send_body(to=NUMBER, status_url=nowhere))
        client.post("/v1/messages", json=send_body(to="+15005550002"))
        client.post("/v1/messages", content=f'{{"text": "{TEXT}", "to": "{NUMBER}'.encode())
        client.post(
            f"/v1/virtual_phones/{PHONE}/messages", json={"to": SANDBOX_NUMBER, "text": TEXT}
        )
        for spelled in (
            NUMBER,
            NUMBER[1:],
            f"%2B{NUMBER[1:]}",
            "+44%207700%20900123",
            f"00{NUMBER[1:]}",
        ):
            client.get(f"/v1/opt_outs/{spelled}")
            client.get(f"/v1/messages?to={spelled}")
        client.get("/v1/messages", params={"token": token})
        client.get(f"/v1/messages/{token}")
        client.get("/nothing", headers={"User-Agent": token, "X-Client-Id": token})
        client.get("/v1/messages", headers={"Authorization": f"Bearer {token[:-1]}x"})
        client.post("/v1/credentials/self/rotate").raise_for_status()
    assert made.status_code == 202
    each_installation.stop()
    log = each_installation.log.read_text()
    assert log.count('"event": "request"') > 10
    judge_log(log)
    assert NUMBER[1:] not in log
    assert "7700 900123" not in log
