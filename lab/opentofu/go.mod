module cloudless.invalid/opentofu

go 1.24.6

require github.com/opentofu/opentofu v1.10.6

// OpenTofu builds with its own fork of HCL, named in its go.mod as here; a replacement counts only in the main module.
replace github.com/hashicorp/hcl/v2 v2.20.1 => github.com/opentofu/hcl/v2 v2.20.2-0.20250121132637-504036cd70e7
