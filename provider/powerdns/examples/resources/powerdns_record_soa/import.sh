# By the name of the zone.
terraform import powerdns_record_soa.lab 'lab.internal.'
