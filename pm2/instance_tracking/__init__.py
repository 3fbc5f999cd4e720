"""Instances over time: PM2 reuses its ids, so each instance gets an identity that lasts."""
