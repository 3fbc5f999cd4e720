#!/usr/bin/env python
"""Django's command line for pm2site."""

from pm2site.__main__ import main

if __name__ == "__main__":
    main()
