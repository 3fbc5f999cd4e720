"""`python -m dashboard_client`: the dashboard, one report, or one command."""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence

from dashboard_client import arguments, config, narration
from dashboard_client.config import Config
from dashboard_client.errors import ClientError, Usage


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 ok, 1 failed, 2 usage; see `--help`."""
    options = arguments.parse(argv)
    is_debugging = False
    try:
        found = config.from_environment(server=options.server)
        is_debugging = found.is_debugging
        return _without_screen(found, options) if _is_plain(options) else _with_screen(found, options)
    except ClientError as error:
        if is_debugging:
            traceback.print_exc()
        narration.error(str(error))
        return 2 if isinstance(error, Usage) else 1
    except BrokenPipeError:  # `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _is_plain(options: Namespace) -> bool:
    return bool(options.command or options.once or options.json)


def _without_screen(found: Config, options: Namespace) -> int:
    from dashboard_client import commands, once  # the screen comes up without them
    from dashboard_client.api import Api

    api = Api(found)
    return commands.perform(api, options) if options.command else once.run(api, as_json=options.json)


def _with_screen(found: Config, options: Namespace) -> int:
    raise ClientError("This version has no screen yet. --once prints one report, run --help lists the commands.")


if __name__ == "__main__":
    sys.exit(main())
