variable "address" {
  type = string
}

variable "host_key" {
  description = "ssh-ed25519 AAAA…, known before the machine boots."
  type        = string
}

variable "ports" {
  type    = object({ ssh = number, http = number })
  default = { ssh = 22, http = 80 }
}

# Stands for the machine, for example a libvirt_domain.
resource "terraform_data" "web" {
  input = { address = var.address }
}

resource "cloudless_online" "web" {
  name = "web-1"

  # All of them have to be good, three times in a row.
  probes = {
    ssh = {
      ssh = { host = var.address, port = var.ports.ssh, host_key = var.host_key }
    }
    api = {
      http = { url = "http://${var.address}:${var.ports.http}/health", body = "ok" }
    }
  }
  successes = 3
  interval  = "1s"
  timeout   = "5m"

  # Another machine is waited for again; this reference also orders the two.
  triggers = { machine = terraform_data.web.id }

  # Shown when the machine does not come.
  console_log = "web-1-console.log"

  # Before the machine goes.
  drain = {
    http    = { url = "http://${var.address}:${var.ports.http}/drain", method = "PUT" }
    timeout = "30s"
  }
}

# Waits for the machine to be there.
output "address" {
  value      = var.address
  depends_on = [cloudless_online.web]
}
