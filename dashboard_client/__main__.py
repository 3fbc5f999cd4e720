"""`python -m dashboard_client`: the dashboard, one report, or one command."""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence

from dashboard_client import config
from dashboard_client.commands import arguments, progress
from dashboard_client.config import Config
from dashboard_client.errors import ClientError, Usage
from dashboard_client.tui.screen import theme


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
        progress.error(str(error))
        return 2 if isinstance(error, Usage) else 1
    except BrokenPipeError:  # `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        progress.error(f"{error}. Install what a client needs: pip install -r requirements-client.txt")
        return 1
    except OSError as error:  # a full disk behind stdout, for instance
        progress.error(f"It could not be written: {error}")
        return 1


def _is_plain(options: Namespace) -> bool:
    return bool(options.command or options.once or options.json)


def _without_screen(found: Config, options: Namespace) -> int:
    from dashboard_client.commands import snapshot, verbs  # the screen comes up without them
    from dashboard_client.network.api import Api

    api = Api(found)
    return verbs.perform(api, options) if options.command else snapshot.run(api, as_json=options.json)


def _with_screen(found: Config, options: Namespace) -> int:
    from dashboard_client.tui import runtime  # reports need no terminal

    looks = runtime.Options(
        is_readonly=options.readonly,
        wants_mouse=not options.no_mouse,
        glyphs=_glyphs(options.ascii),
        theme=options.theme,
    )
    return runtime.run(found, looks, progress.say)


def _glyphs(wants_ascii: bool) -> theme.Glyphs:
    """Braille where it arrives: not where output is no UTF-8, and not on the console of Linux."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if wants_ascii or encoding != "utf8":
        return theme.PLAIN_ASCII
    return theme.BLOCKS if os.environ.get("TERM") == "linux" else theme.BRAILLE


if __name__ == "__main__":
    sys.exit(main())
