# The newest release that has proved itself. Its file is read and compared with its digest.
data "cloudless_image" "debian" {
  catalog = "images/catalog.json"
  name    = "debian-12"
  channel = "stable"
}

# Exactly this one.
data "cloudless_image" "pinned" {
  catalog = "images/catalog.json"
  name    = "debian-12"
  version = "1.3.0"
}

# For a libvirt_volume, a record of what runs, a report.
output "image" {
  value = {
    source = data.cloudless_image.debian.location
    digest = data.cloudless_image.debian.digest
    sbom   = data.cloudless_image.debian.sbom
  }
}
