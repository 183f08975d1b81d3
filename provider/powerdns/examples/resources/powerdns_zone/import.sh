# By the name of the zone.
terraform import powerdns_zone.lab 'lab.internal.'
