"""PM2's saved list, `dump.pm2`, and whether a reboot brings it back."""
