#!/bin/sh
# The same as nftables.conf with ufw: sudo sh deploy/ufw.sh
set -e
ufw deny proto tcp to any port 7000:7029 comment 'Redis Cluster, this machine only'
ufw deny proto tcp to any port 17000:17029 comment 'Redis cluster bus, this machine only'
ufw allow proto tcp to any port 3100 comment 'pm2site'
