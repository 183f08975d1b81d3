module cloudless.invalid/provider/ignition

go 1.23

require github.com/community-terraform-providers/terraform-provider-ignition/v2 v2.1.2
