"""What can be done to the cluster: setup, stop, resume, clean, failover."""
