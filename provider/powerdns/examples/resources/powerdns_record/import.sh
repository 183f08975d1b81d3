# By zone, and name and type of the RRset.
terraform import powerdns_record.web '{"zone":"lab.internal.","id":"web.lab.internal.:::A"}'
