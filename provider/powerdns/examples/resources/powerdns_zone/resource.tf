# A primary zone, signed by the server.
resource "powerdns_zone" "lab" {
  name         = "lab.internal."
  kind         = "Primary"
  account      = "operations"
  nameservers  = ["ns1.lab.internal.", "ns2.lab.internal."]
  soa_edit_api = "INCREASE"

  dnssec      = true
  nsec3param  = "1 0 0 -"
  api_rectify = true

  # Only who has the key may transfer the zone.
  master_tsig_key_ids = [powerdns_tsigkey.transfer.id]

  # Secondaries that follow the catalog find the zone by themselves.
  catalog = powerdns_zone.catalog.name
}

resource "powerdns_tsigkey" "transfer" {
  name = "transfer"
}

resource "powerdns_zone" "catalog" {
  name        = "catalog.internal."
  kind        = "Producer"
  nameservers = ["ns1.lab.internal."]
}

# A secondary zone of other masters.
resource "powerdns_zone" "copy" {
  name    = "copy.internal."
  kind    = "Secondary"
  masters = ["192.0.2.1", "[2001:db8::1]:5300"]
}

# For the parent zone.
output "ds_records" {
  value = powerdns_zone.lab.ds_records
}
