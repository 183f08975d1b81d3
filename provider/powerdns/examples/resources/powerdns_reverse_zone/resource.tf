resource "powerdns_reverse_zone" "four" {
  cidr        = "10.20.0.0/16"
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
}

resource "powerdns_reverse_zone" "six" {
  cidr        = "2001:db8:20::/48"
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
}

# A part of a /24 (RFC 2317): the parent points into the zone with a CNAME for each address, and delegates it.
resource "powerdns_reverse_zone" "part" {
  cidr        = "192.0.2.16/28"
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
}

resource "powerdns_reverse_zone" "parent" {
  cidr        = "192.0.2.0/24"
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
}

resource "powerdns_record" "part_cnames" {
  for_each = powerdns_reverse_zone.part.parent_cnames

  zone    = powerdns_reverse_zone.parent.name
  name    = each.key
  type    = "CNAME"
  ttl     = 3600
  records = [each.value]
}

resource "powerdns_record" "part_delegation" {
  zone    = powerdns_reverse_zone.parent.name
  name    = powerdns_reverse_zone.part.name
  type    = "NS"
  ttl     = 3600
  records = powerdns_reverse_zone.part.nameservers
}
