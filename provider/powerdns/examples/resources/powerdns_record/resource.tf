resource "powerdns_zone" "lab" {
  name        = "lab.internal."
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
}

# All addresses of a name are one RRset, and so one resource.
resource "powerdns_record" "web" {
  zone    = powerdns_zone.lab.name
  name    = "web.lab.internal."
  type    = "A"
  ttl     = 300
  records = ["10.20.0.7", "10.20.0.8"]
}

resource "powerdns_record" "mail" {
  zone    = powerdns_zone.lab.name
  name    = "lab.internal."
  type    = "MX"
  ttl     = 3600
  records = ["10 mail.lab.internal."]
}

# Texts have their quotes, as in a zone file.
resource "powerdns_record" "spf" {
  zone    = powerdns_zone.lab.name
  name    = "lab.internal."
  type    = "TXT"
  ttl     = 3600
  records = ["\"v=spf1 mx -all\""]
}

resource "powerdns_record" "https" {
  zone    = powerdns_zone.lab.name
  name    = "www.lab.internal."
  type    = "HTTPS"
  ttl     = 300
  records = ["1 web.lab.internal. alpn=h3,h2 ipv4hint=10.20.0.7,10.20.0.8"]
}
