"""What is known of the daemon and its processes now."""
