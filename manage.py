#!/usr/bin/env python
"""Django's command line for pm2site."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pm2site.settings")
    # Interactive commands print sentences, not log lines.
    if sys.argv[1:2] in (["admin"], ["pm2"], ["rediscluster"], ["setup"], ["token"]):
        os.environ.setdefault("LOG_LEVEL", "WARNING")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"[ERROR] {error}")
