"""Pictures of runs as SVG that stands alone in a page: no script, no file, colours of the admin's theme. [pure]"""
