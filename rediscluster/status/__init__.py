"""The current state of the cluster: samples, statistics, and a summary in words."""
