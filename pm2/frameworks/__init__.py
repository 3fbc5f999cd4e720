"""The servers under test, and registry.toml, which describes them and their endpoints."""
