"""The servers under test, and the registry that says everything about them."""
