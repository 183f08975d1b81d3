# "www.lab.internal."
output "www" {
  value = provider::powerdns::fqdn("www", "lab.internal")
}

# The zone itself: "lab.internal."
output "apex" {
  value = provider::powerdns::fqdn("@", "lab.internal.")
}
