"""The browser's page with its first state and its files, the OpenAPI document and its page."""
