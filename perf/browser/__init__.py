"""The page in a headless Chromium: what it costs, and how it looks."""
