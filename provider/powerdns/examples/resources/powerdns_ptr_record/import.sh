# By zone, and name and type; or by the address alone: '10.20.0.7'.
terraform import powerdns_ptr_record.web '{"zone":"20.10.in-addr.arpa.","id":"7.0.20.10.in-addr.arpa.:::PTR"}'
