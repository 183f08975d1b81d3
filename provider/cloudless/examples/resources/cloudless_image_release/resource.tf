# What a pipeline has built becomes a release. Raise the version for every other content.
resource "cloudless_image_release" "debian" {
  catalog = "images/catalog.json"
  store   = "store"

  name    = "debian-12"
  version = "1.4.0"
  file    = "build/debian-12.raw"
  os      = "debian-12"
  commit  = "0f3c1b2a4d5e6f708192a3b4c5d6e7f801234567"

  formats = {
    vmdk = "build/debian-12.vmdk"
  }
  sbom = "build/debian-12.cdx.json"

  # Promoted in place, when it has proved itself.
  channel = "testing"
}

output "digest" {
  value = cloudless_image_release.debian.digest
}
