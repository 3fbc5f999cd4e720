#!/bin/sh
# The same as nftables.conf with ufw 0.36 or newer: sudo sh deploy/ufw.sh
set -e

# The first rule that matches a packet decides: these go before all others, such as an earlier `ufw allow 7000/tcp`.
# Deleted first, because `prepend` leaves a rule that exists where it is.
put_first() {
    rule=$1 comment=$2
    # shellcheck disable=SC2086 # a rule is several words
    ufw delete $rule
    # shellcheck disable=SC2086
    ufw prepend $rule comment "$comment"
}

put_first 'allow proto tcp to any port 3100' 'pm2site'
put_first 'deny proto tcp to any port 17000:17029' 'Redis cluster bus, this machine only'
put_first 'deny proto tcp to any port 7000:7029' 'Redis Cluster, this machine only'
