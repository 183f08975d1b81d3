import { defaulted, kinds, optional, required, validators } from '../../framework';
import type { StateOf } from '../../framework';
import { problemWithDuration } from '../duration-text';
import { problemWithUrl } from '../probe/probe-attributes';

const http = {
  url: required(kinds.string, {
    description: 'Address, for example `http://127.0.0.1:4646/v1/node/…/drain`.',
    validate: problemWithUrl,
  }),
  method: defaulted(kinds.string, 'POST', {
    description: 'Method. Default: `POST`.',
    validate: validators.oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
  }),
  headers: optional(kinds.map(kinds.string), {
    description: 'Header fields. They are stored in the state: no secrets.',
  }),
  body: optional(kinds.string, { description: 'What is sent. It is stored in the state: no secrets.' }),
  status: defaulted(kinds.list(kinds.integer), [200, 201, 202, 204], {
    description: 'Status codes that are good. Default: 200, 201, 202, 204.',
    validate: [validators.lengthBetween(1, 100), validators.each(validators.between(100, 599))],
  }),
  ca_certificate: optional(kinds.string, {
    description: 'Certificates (PEM) of the authorities that may have signed the certificate of the server.',
  }),
};

const powerOff = {
  domain: required(kinds.string, {
    description: 'Name of the libvirt domain.',
    validate: validators.lengthBetween(1, 200),
  }),
  uri: optional(kinds.string, {
    description: 'Connection of libvirt, for example `qemu+ssh://kvm1/system`. Default: that of virsh.',
  }),
  timeout: defaulted(kinds.string, '60s', {
    description: 'How long the guest has to switch itself off, before its power is cut. Default: `60s`.',
    validate: problemWithDuration,
  }),
};

export const drainAttributes = {
  command: optional(kinds.list(kinds.string), {
    description:
      'Program and its arguments, run where Terraform runs, without a shell: `["ssh", "web-1", "nomad", "node", "drain", "-self", "-enable"]`.',
    validate: validators.lengthBetween(1, 1000),
  }),
  http: optional(kinds.nested(http), { description: 'A request, sent once.' }),
  power_off: optional(kinds.nested(powerOff), {
    description:
      'Asks the guest to switch itself off (ACPI, through `virsh shutdown`) and waits until it has.',
  }),
  timeout: defaulted(kinds.string, '5m', {
    description: 'How long `command` and `http` may take, each. Default: `5m`.',
    validate: problemWithDuration,
  }),
  on_failure: defaulted(kinds.string, 'continue', {
    description:
      '`continue` warns and lets the machine go; `fail` keeps it, and the next apply tries again. Default: `continue`: a machine that is broken must be replaceable.',
    validate: validators.oneOf('continue', 'fail'),
  }),
};
export type Drain = StateOf<typeof drainAttributes>;
export type DrainRequest = StateOf<typeof http>;
export type PowerOff = StateOf<typeof powerOff>;
