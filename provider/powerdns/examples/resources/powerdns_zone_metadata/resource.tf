resource "powerdns_zone" "lab" {
  name        = "lab.internal."
  kind        = "Primary"
  nameservers = ["ns1.lab.internal."]
}

# Who is told of changes beside the name servers of the zone.
resource "powerdns_zone_metadata" "also_notify" {
  zone     = powerdns_zone.lab.name
  kind     = "ALSO-NOTIFY"
  metadata = ["192.0.2.53", "[2001:db8::53]:5300"]
}

# A kind of one's own.
resource "powerdns_zone_metadata" "ticket" {
  zone     = powerdns_zone.lab.name
  kind     = "X-TICKET"
  metadata = ["OPS-42"]
}
