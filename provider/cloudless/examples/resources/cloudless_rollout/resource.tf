locals {
  # Raise it and apply until `pending` is 0: each apply replaces one machine.
  image    = "sha256:5b0c"
  machines = toset(["web-0", "web-1", "web-2"])
}

variable "address" {
  type = string
}

variable "ports" {
  type    = object({ ssh = number, http = number })
  default = { ssh = 22, http = 80 }
}

resource "cloudless_rollout" "web" {
  members = {
    for name in local.machines : name => {
      payload = { image = local.image }
      probes = {
        # Does it run what it was assigned? `{{payload.image}}` stands for that.
        api = {
          http = { url = "http://${var.address}:${var.ports.http}/${name}?image={{payload.image}}" }
        }
      }
    }
  }

  batch_size = 1
  canary     = 1
}

# Stands for the machines, for example a libvirt_domain each. They are made of what the rollout assigns to them.
resource "terraform_data" "web" {
  for_each         = local.machines
  triggers_replace = cloudless_rollout.web.assigned[each.key]
}

resource "cloudless_online" "web" {
  for_each = local.machines

  name = each.key
  probes = {
    api = {
      http = { url = "http://${var.address}:${var.ports.http}/${each.key}" }
    }
  }
  triggers = { machine = terraform_data.web[each.key].id }
}

output "pending" {
  value = cloudless_rollout.web.pending
}
