"""Grafana's dashboards, as code. ``make docs`` writes what Grafana reads to ``../grafana/dashboards``."""

import json
from collections.abc import Mapping
from typing import Final

from . import events, meeting, region, service
from .grafana import Dashboard

ALL: Final[tuple[Dashboard, ...]] = (region.DASHBOARD, meeting.DASHBOARD, events.DASHBOARD, service.DASHBOARD)
FOLDER: Final = "deploy/monitoring/grafana/dashboards"


def files() -> Mapping[str, str]:
    """The text of each file, by its path from the top of the checkout."""
    return {
        f"{FOLDER}/{each.uid}.json": json.dumps(each.as_json(), indent=2, ensure_ascii=False) + "\n"
        for each in ALL
    }
