"""What the cluster is doing now."""
