"""The composition root: settings, access, the live feed and the pages."""
