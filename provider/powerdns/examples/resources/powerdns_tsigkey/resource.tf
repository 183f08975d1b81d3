# The server makes the secret. It is in no state; `ephemeral "powerdns_tsigkey"` hands it on.
resource "powerdns_tsigkey" "transfer" {
  name      = "transfer"
  algorithm = "hmac-sha256"
}

# With a secret of one's own (Terraform 1.11 and later):
#
#   resource "powerdns_tsigkey" "given" {
#     name           = "given"
#     key_wo         = var.secret
#     key_wo_version = 1
#   }

resource "powerdns_zone" "lab" {
  name                = "lab.internal."
  kind                = "Primary"
  nameservers         = ["ns1.lab.internal."]
  master_tsig_key_ids = [powerdns_tsigkey.transfer.id]
}
