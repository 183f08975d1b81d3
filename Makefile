# The front door. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help setup build demo demo-down test check unit acceptance provider-test lab-test guest-test image-test e2e lint format docs release
.PHONY: bench bench-synth bench-provider bench-boot clean

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: ## Installs what is missing: Debian packages, npm packages
	@bin/setup

build: setup ## Generates the bindings, compiles everything, bundles the providers
	@npm run --silent build

demo: build ## Sets everything up and shows the main job: a private cloud on this machine
	@bin/cloudless demo up

demo-down: ## Removes all that `make demo` has made
	@bin/setup --quiet && npm run --silent build && bin/cloudless demo down

test: build ## Sets everything up and runs the tests; what takes long besides is in guest-test and image-test
	@node .ci/test.mjs lint unit acceptance lab e2e:__tests__/e2e/lab e2e:__tests__/e2e/networks

check: build ## Runs what is quick: lint, unit and construct tests
	@node .ci/test.mjs lint unit

unit acceptance e2e: build ## One kind of tests: values and constructs; the provider; the whole site
	@node .ci/test.mjs $@

provider-test: build ## The Terraform provider: framework, carrier, acceptance; with OpenTofu, built once
	@node .ci/opentofu.mjs
	@node .ci/test.mjs unit:__tests__/provider acceptance:__tests__/provider

guest-test: build ## The modules, and a HashiStack of real machines; builds Consul once (10 min), takes half an hour
	@bin/cloudless hashistack install
	@node .ci/test.mjs acceptance:__tests__/modules e2e:__tests__/modules e2e:__tests__/e2e/hashistack

image-test: build ## Every image definition built and booted, every format, Packer; takes minutes
	@node node_modules/jest/bin/jest.js -c __tests__/images/boot.jest.cjs -i

lab-test: build ## The lab and the images
	@node .ci/test.mjs lab

lint: build ## Format, style, types and the arrows between folders
	@npm run --silent lint

format: ## Formats every file
	@npm run --silent format

docs: build ## Writes the schema of the provider and its reference pages anew
	@node provider/schema.mjs
	@node provider/docs.mjs

release: build ## Packs the provider for registries into build/release; GPG_KEY=... signs it
	@node provider/release.mjs

bench: build ## Times of the main job; writes build/bench.md
	@node benchmarks/run.mjs

bench-synth bench-provider: build ## Synthesis of 1,000 machines; the DNS provider beside another with 1,000 records
	@node benchmarks/$(if $(filter bench-synth,$@),synth,powerdns).mjs

bench-boot: build ## Seconds from power-on to the first SSH answer
	@node benchmarks/boot.mjs

clean: ## Removes what was built, not what runs
	@rm -rf dist .gen build cdktf.out
