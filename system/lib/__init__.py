"""What every app needs and none owns: one topic per module, importing nothing of ours."""
