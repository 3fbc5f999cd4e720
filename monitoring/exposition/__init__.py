"""Everything that is measured, as Prometheus reads it: `/metrics`, Redis as targets, the names of other exporters."""
