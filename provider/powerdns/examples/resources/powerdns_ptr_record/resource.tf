resource "powerdns_reverse_zone" "net" {
  cidr        = "10.20.0.0/16"
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
}

resource "powerdns_ptr_record" "web" {
  ip_address   = "10.20.0.7"
  hostname     = "web.lab.internal."
  ttl          = 300
  reverse_zone = powerdns_reverse_zone.net.name
}

# Without reverse_zone, the zone of the server that fits the address most closely.
resource "powerdns_ptr_record" "db" {
  ip_address = "10.20.0.9"
  hostname   = "db.lab.internal."
  ttl        = 300

  depends_on = [powerdns_reverse_zone.net]
}
