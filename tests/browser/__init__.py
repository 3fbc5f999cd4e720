"""The browser's page in a real, headless Chromium: journeys, accessibility, console, requests."""
