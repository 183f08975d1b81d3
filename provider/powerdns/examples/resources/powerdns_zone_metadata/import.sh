# By zone and kind.
terraform import powerdns_zone_metadata.also_notify 'lab.internal.:::ALSO-NOTIFY'
