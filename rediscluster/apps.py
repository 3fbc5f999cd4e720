from django.apps import AppConfig


class RedisClusterConfig(AppConfig):
    name = "rediscluster"
    verbose_name = "Redis Cluster"
