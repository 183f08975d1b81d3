# "20.10.in-addr.arpa."
output "sixteen" {
  value = provider::powerdns::reverse_zone_name("10.20.0.0/16")
}

# As RFC 2317 has it: "64/26.2.0.192.in-addr.arpa."
output "twenty_six" {
  value = provider::powerdns::reverse_zone_name("192.0.2.64/26")
}
