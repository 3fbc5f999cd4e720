"""The site: settings, HTTP, access, audit, health, the live streams and the front page."""
