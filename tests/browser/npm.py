"""`python -m tests.browser.npm ci` installs axe-core and the TypeScript compiler; `… tsc` checks the page's scripts.

Node and npm are those that `manage.py setup` uses.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from pm2.frameworks import node_parts
from system.errors import HostError, InstallationFailed
from system.host import binaries, installers

FOLDER = Path(__file__).resolve().parent
PACKAGES = FOLDER / "node_modules"


def install() -> int:
    npm = node_parts.npm_argv()
    if npm is None:
        sys.exit("[ERROR] No node 20 or newer with npm: make setup")
    try:
        asyncio.run(installers.run_installer([*npm, "ci", "--no-fund", "--no-audit", "--loglevel=error"], cwd=FOLDER))
    except (HostError, InstallationFailed) as error:
        sys.exit(f"[ERROR] {error}")
    return 0


def check_types(arguments: list[str]) -> int:
    node, compiler = binaries.require("node"), PACKAGES / "typescript" / "bin" / "tsc"
    if not compiler.is_file():
        sys.exit("[ERROR] The TypeScript compiler is not installed: python -m tests.browser.npm ci")
    argv = [str(node.path), str(compiler), "--project", str(FOLDER / "tsconfig.json"), *arguments]
    return subprocess.call(argv)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["ci"]:
            return install()
        case ["tsc", *options]:
            return check_types(options)
    print("[ERROR] The commands are: ci, tsc.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
