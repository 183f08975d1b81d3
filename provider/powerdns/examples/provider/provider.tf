terraform {
  required_providers {
    powerdns = {
      source  = "cloudless/powerdns"
      version = "~> 0.1"
    }
  }
}

variable "server_url" {
  description = "Base URL of the API. Without it the environment says: PDNS_SERVER_URL."
  type        = string
  default     = null
}

# The key comes from the environment: PDNS_API_KEY.
provider "powerdns" {
  server_url = var.server_url
}
