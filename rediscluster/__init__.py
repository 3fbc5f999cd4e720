"""A local Redis Cluster: set up, monitored, stopped, resumed, cleaned; never touches what is not ours."""
