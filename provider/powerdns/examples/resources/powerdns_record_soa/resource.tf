resource "powerdns_zone" "lab" {
  name        = "lab.internal."
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
}

# Every zone has an SOA record from the start: it is taken over, and left when the resource is destroyed. Its serial is
# the server's business, see soa_edit_api of the zone.
resource "powerdns_record_soa" "lab" {
  zone    = powerdns_zone.lab.name
  name    = powerdns_zone.lab.name
  ttl     = 3600
  mname   = "ns1.lab.internal."
  rname   = "hostmaster.lab.internal."
  refresh = 10800
  retry   = 3600
  expire  = 604800
  minimum = 60
}
