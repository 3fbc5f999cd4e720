"""Operations on the cluster: setup, stop, resume, clean, failover."""
