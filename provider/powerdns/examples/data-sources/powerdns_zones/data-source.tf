resource "powerdns_reverse_zone" "net" {
  cidr    = "10.20.0.0/16"
  kind    = "Native"
  account = "operations"
}

# The reverse zones of one account.
data "powerdns_zones" "reverse" {
  name    = "*.in-addr.arpa."
  account = "operations"

  depends_on = [powerdns_reverse_zone.net]
}

output "names" {
  value = data.powerdns_zones.reverse.names
}
