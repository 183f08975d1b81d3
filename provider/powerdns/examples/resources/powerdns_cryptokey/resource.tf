resource "powerdns_zone" "lab" {
  name        = "lab.internal."
  kind        = "Native"
  nameservers = ["ns1.lab.internal."]
  api_rectify = true
}

# One key that signs everything. The private key stays on the server.
resource "powerdns_cryptokey" "current" {
  zone      = powerdns_zone.lab.name
  algorithm = "ecdsa256"
}

# The next one, shown already and not used yet. A later apply turns the two around.
resource "powerdns_cryptokey" "next" {
  zone      = powerdns_zone.lab.name
  algorithm = "ed25519"
  active    = false

  depends_on = [powerdns_cryptokey.current]
}

# For the parent zone.
output "ds" {
  value = powerdns_cryptokey.current.ds
}
