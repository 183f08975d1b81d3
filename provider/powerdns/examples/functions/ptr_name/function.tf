# "7.0.20.10.in-addr.arpa."
output "four" {
  value = provider::powerdns::ptr_name("10.20.0.7")
}

# "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
output "six" {
  value = provider::powerdns::ptr_name("2001:db8::7")
}
