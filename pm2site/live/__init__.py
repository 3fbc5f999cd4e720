"""The WebSocket `/ws`: streams, subscriptions, connections."""
