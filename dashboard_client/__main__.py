"""Runs the dashboard, one report or one command: `python -m dashboard_client`."""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence

from dashboard_client import config, standard_streams
from dashboard_client.commands import arguments, progress
from dashboard_client.config import Config
from dashboard_client.errors import ClientError, Usage
from dashboard_client.tui.screen import theme


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 ok, 1 failed, 2 usage; see `--help`."""
    with standard_streams.checked():
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    options = arguments.parse(argv)
    is_debugging = False
    try:
        settings = config.from_environment(server=options.server)
        is_debugging = settings.is_debugging
        if exposure := settings.find_exposure():
            progress.print_warning(exposure)
        return _run_without_screen(settings, options) if _is_screenless(options) else _run_dashboard(settings, options)
    except ClientError as error:
        if is_debugging:
            traceback.print_exc()
        progress.print_error(str(error))
        return 2 if isinstance(error, Usage) else 1
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        progress.print_error(f"{error}. Install the client's requirements: pip install -r requirements-client.txt")
        return 1
    except OSError as error:  # for example too many open files
        progress.print_error(str(error))
        return 1


def _is_screenless(options: Namespace) -> bool:
    return bool(options.command or options.once or options.json)


def _run_without_screen(settings: Config, options: Namespace) -> int:
    from dashboard_client.commands import snapshot, verbs  # not needed for the screen
    from dashboard_client.network.api import Api

    if options.command:
        return verbs.run_command(Api(settings), options)
    return snapshot.run(settings, as_json=options.json)


def _run_dashboard(settings: Config, options: Namespace) -> int:
    from dashboard_client.tui import runtime  # not needed for reports

    screen_options = runtime.Options(
        is_read_only=options.readonly,
        wants_mouse=not options.no_mouse,
        glyphs=theme.select_glyphs(sys.stdout.encoding or "", os.environ.get("TERM", ""), is_ascii=options.ascii),
        theme=options.theme,
    )
    return runtime.run(settings, screen_options, progress.print_status)


if __name__ == "__main__":
    sys.exit(main())
