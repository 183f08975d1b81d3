# By the name of the zone, or by the network: '10.20.0.0/16'.
terraform import powerdns_reverse_zone.four '20.10.in-addr.arpa.'
