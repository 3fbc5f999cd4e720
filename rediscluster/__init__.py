"""A local Redis Cluster: formed, watched, stopped, resumed, cleaned; and nothing that is not ours."""
