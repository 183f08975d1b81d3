resource "powerdns_tsigkey" "transfer" {
  name = "transfer"
}

# Terraform 1.11 and later. `id` is known after the key was made, so the secret is read after it.
ephemeral "powerdns_tsigkey" "transfer" {
  name = powerdns_tsigkey.transfer.id
}

# The other side of the transfer: usually on another server, by another instance of the provider.
resource "powerdns_tsigkey" "peer" {
  name           = "transfer-peer"
  key_wo         = ephemeral.powerdns_tsigkey.transfer.key
  key_wo_version = 1
}
