"""The verification code of the guide and of the examples, run on requests that Hookline signs."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from hookline.outbound.signing import new_secret, sign
from tests.docs.markdown import ROOT, blocks

GUIDE = ROOT / "docs" / "how-to" / "receive-webhooks.md"
SECRET, OTHER = new_secret(), new_secret()
BODY = '{"id":"evt_1","type":"message.received","data":{"text":"Zoë, 你好"}}'
NODE = """
import { readFileSync } from "node:fs";
import { isSigned } from "./verify.mts";
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map((c) => isSigned(c.secret, c.headers, Buffer.from(c.body)))));
"""
PYTHON = """
import json, sys
from verify import is_signed
cases = json.load(sys.stdin)
print(json.dumps([is_signed(c["secret"], c["headers"], c["body"].encode()) for c in cases]))
"""
PHP = """<?php
require 'verify.php';
$cases = json_decode(file_get_contents('php://stdin'), true);
echo json_encode(array_map(fn($c) => is_signed($c['secret'], $c['headers'], $c['body']), $cases));
"""
GO = """package main

import ("encoding/json"; "net/http"; "os")

func main() {
	var cases []struct { Secret, Body string; Headers map[string]string }
	if json.NewDecoder(os.Stdin).Decode(&cases) != nil { os.Exit(1) }
	signed := []bool{}
	for _, c := range cases {
		header := http.Header{}
		for name, value := range c.Headers { header.Set(name, value) }
		signed = append(signed, IsSigned(c.Secret, header, []byte(c.Body)))
	}
	json.NewEncoder(os.Stdout).Encode(signed)
}
"""


Request = dict[str, Any]  # Any: JSON
Case = tuple[bool, Request]


def request(*secrets: str, age_s: int = 0, **changes: str) -> Request:
    """A request as Hookline sends it; then some of its headers or its body are changed."""
    sent_at = int(time.time()) - age_s  # noqa: TID251 - the code under test asks the real clock
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(sent_at),
        "webhook-signature": sign(secrets, "evt_1", sent_at, BODY.encode()),
    }
    body = changes.pop("body", BODY)
    return {"secret": SECRET, "headers": headers | changes, "body": body}


def signed_and_forged() -> list[Case]:
    """Made when they are used, because they age."""
    return [
        (True, request(SECRET)),
        (True, request(OTHER, SECRET)),
        (True, request(SECRET, age_s=200)),
        (False, request(OTHER)),
        (False, request(SECRET, body=BODY + " ")),
        (False, request(SECRET, age_s=400)),
        (False, request(SECRET, age_s=-600)),
        (False, request(SECRET, **{"webhook-id": "evt_2"})),
        (False, request(SECRET, **{"webhook-timestamp": "soon"})),
        (False, request(SECRET, **{"webhook-signature": ""})),
        (False, request(SECRET, **{"webhook-signature": "v2,AAAA v1"})),
    ]


def verdicts(folder: Path, requests: list[Request], *command: str) -> list[bool]:
    done = subprocess.run(
        command,
        cwd=folder,
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[bool] = json.loads(done.stdout)
    return found


def write(folder: Path, language: str, name: str, main_name: str, main: str) -> None:
    (folder / name).write_text(blocks(GUIDE, language)[0].code)
    (folder / main_name).write_text(main)


def judge_with_python(folder: Path, requests: list[Request]) -> list[bool]:
    write(folder, "python", "verify.py", "main.py", PYTHON)
    return verdicts(folder, requests, sys.executable, "main.py")


def judge_with_node(folder: Path, requests: list[Request]) -> list[bool]:
    node, _ = compute_driver_executable()  # the browser tests' own Node is always there
    write(folder, "ts", "verify.mts", "main.mts", NODE)
    return verdicts(folder, requests, str(node), "main.mts")


def judge_with_php(folder: Path, requests: list[Request]) -> list[bool]:
    write(folder, "php", "verify.php", "main.php", PHP)
    return verdicts(folder, requests, "php", "main.php")


def judge_with_go(folder: Path, requests: list[Request]) -> list[bool]:
    write(folder, "go", "verify.go", "main.go", GO)
    verify = folder / "verify.go"
    verify.write_text(re.sub(r"^package \w+", "package main", verify.read_text()))
    return verdicts(folder, requests, "go", "run", "main.go", "verify.go")


def judge_with_example(_folder: Path, requests: list[Request]) -> list[bool]:
    path = ROOT / "examples" / "receiver.py"
    spec = importlib.util.spec_from_file_location("receiver", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [
        module.is_signed(one["secret"], one["headers"], one["body"].encode()) for one in requests
    ]


# PHP and Go are no tools of this project: their code is run where they happen to be installed.
JUDGES = [judge_with_python, judge_with_node, judge_with_example]
JUDGES += [judge_with_php] if shutil.which("php") else []
JUDGES += [judge_with_go] if shutil.which("go") else []


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.__name__.rpartition("_")[2])
def test_right_signatures_pass_and_all_others_fail(judge: Any, tmp_path: Path) -> None:
    cases = signed_and_forged()
    found = judge(tmp_path, [made for _, made in cases])
    assert found == [expected for expected, _ in cases]
