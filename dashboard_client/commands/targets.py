"""Commands about what can be measured: list the targets, save and delete own ones."""

from __future__ import annotations

import json
from argparse import Namespace

from dashboard_client.commands import report
from dashboard_client.errors import Refused
from dashboard_client.network.api import Api
from dashboard_client.network.calls import Json
from dashboard_client.wire.action_result import ActionResult
from dashboard_client.wire.decode import convert
from dashboard_client.wire.system_config import Targets

STORED = ("pm2", "url")  # sources of own targets
KEPT = ("insecure", "protocol", "endpoints")  # when it is changed where a target answers


def list_targets(api: Api, options: Namespace) -> int:
    response = api.benchmark_targets()
    if options.json:
        print(json.dumps(response))
    else:
        print("\n".join(report.targets(convert(Targets, response))))
    return 0


def change_target(api: Api, options: Namespace) -> int:
    response = _save(api, options) if options.action == "save" else api.delete_target(options.name)
    print(json.dumps(response) if options.json else convert(ActionResult, response).message)
    return 0


def _save(api: Api, options: Namespace) -> Json:
    kept, url = _fetch_kept(api, options.name), options.url
    for endpoint in kept.get("endpoints", ()) if url else ():
        if endpoint["path"] != "/":
            url = url.removesuffix(endpoint["path"])  # a kept endpoint; the server takes a path only for a first one
    return api.save_target(options.name, pm2=options.pm2, url=url, ports=options.ports, **kept)


def _fetch_kept(api: Api, name: str) -> Json:
    """What an own target of this name has besides where it answers; nothing if there is none."""
    try:
        known = api.benchmark_target(name)
    except Refused as error:
        if error.status != 404:
            raise
        return {}
    return {key: known[key] for key in KEPT if key in known} if known.get("source") in STORED else {}
