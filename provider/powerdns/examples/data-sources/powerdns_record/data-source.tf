resource "powerdns_zone" "lab" {
  name        = "lab.internal."
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
}

# An RRset that another configuration manages; this one is made together with the zone.
data "powerdns_record" "nameservers" {
  zone = "lab.internal."
  name = "lab.internal."
  type = "NS"

  depends_on = [powerdns_zone.lab]
}

output "nameservers" {
  value = data.powerdns_record.nameservers.records
}
