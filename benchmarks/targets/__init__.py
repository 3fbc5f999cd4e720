"""What can be measured: frameworks, processes under PM2, and URLs; and which addresses may be loaded."""
