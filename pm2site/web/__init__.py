"""The browser's front page, the OpenAPI document and its page."""
