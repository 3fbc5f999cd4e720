"""Every action of the page's tables, performed in Chromium."""
