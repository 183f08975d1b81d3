# By the catalog, the name and the version.
terraform import cloudless_image_release.debian 'images/catalog.json#debian-12@1.4.0'
