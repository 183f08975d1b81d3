terraform {
  required_providers {
    cloudless = {
      source  = "cloudless/cloudless"
      version = "0.1.0"
    }
  }
}

# There is nothing to configure.
provider "cloudless" {}
