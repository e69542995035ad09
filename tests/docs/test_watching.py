"""The dashboard and the alerts ask for metrics that exist, by labels that they have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.metrics import MetricWrapperBase

from hookline.telemetry import metrics
from tests.docs.markdown import ROOT
from tests.system.installation import installed

DASHBOARD = json.loads((ROOT / "docs/grafana/hookline.json").read_text())
GUIDE = (ROOT / "docs/how-to/watch-hookline.md").read_text()
_NAME = re.compile(r"\bhookline_\w+")
_OF_HISTOGRAMS = re.compile(r"_(?:bucket|sum|count)$")
_LABELS = re.compile(r"by \(([^)]*)\)|(\w+)\s*(?:=~|!~|!=|=)\s*\"")
LABELS = {
    label
    for one in vars(metrics).values()
    if isinstance(one, MetricWrapperBase)
    for label in (*one._labelnames, "le")
}


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    yield from (text for text in re.findall(r"`([^`]+)`", GUIDE) if "hookline_" in text)


def test_every_metric_that_is_asked_for_is_there(tmp_path: Path) -> None:
    with installed(tmp_path) as made:
        made.start()
        told = httpx.get(f"{made.url}/metrics").raise_for_status().text
    there = set(re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE))
    asked = {name for text in expressions() for name in _NAME.findall(text)}
    assert len(asked) > 15
    assert {name for name in asked if _OF_HISTOGRAMS.sub("", name) not in there} == set()


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_every_label_that_is_asked_for_is_there(expression: str) -> None:
    asked = {
        label.strip()
        for group, label in _LABELS.findall(expression)
        for label in (group or label).split(",")
    }
    assert asked <= LABELS


def test_no_two_panels_lie_upon_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert (x, y) not in taken, panel["title"]
                taken.add((x, y))
