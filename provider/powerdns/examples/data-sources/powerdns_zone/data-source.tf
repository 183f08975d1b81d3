resource "powerdns_zone" "lab" {
  name        = "lab.internal."
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
  dnssec      = true
}

# A zone that another configuration manages; here it is in the same one, so that the example runs.
data "powerdns_zone" "lab" {
  name = powerdns_zone.lab.id
}

output "ds_records" {
  value = data.powerdns_zone.lab.ds_records
}
