/** How a machine is asked whether it is there; the same for `cloudless_online` and `cloudless_rollout`. */
import { defaulted, isUnknown, kinds, optional, required, validators } from '../../framework';
import type { AttributePath, Diagnostics, StateOf } from '../../framework';

const host = validators.matches(/^[^\s/:@-][^\s/@]*$/, 'write a name or an address, without port and scheme');
const port = validators.between(1, 65535);
const program = [
  validators.lengthBetween(1, 1000),
  (command: readonly string[]) =>
    command[0] === '' ? 'its first element is the program, and empty' : undefined,
];

function problemWithPattern(text: string): string | undefined {
  try {
    new RegExp(text);
    return undefined;
  } catch (error) {
    return `it is no regular expression: ${(error as Error).message}`;
  }
}

export function problemWithUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return `'${text}' is no address; write for example http://10.20.0.7/health`;
  const { protocol, username, password } = new URL(text);
  if (!['http:', 'https:'].includes(protocol))
    return `its scheme is '${protocol.slice(0, -1)}'; use http or https`;
  return username || password
    ? 'it holds a user name or a password, which would be stored; leave them out'
    : undefined;
}

const tcp = {
  host: required(kinds.string, { description: 'Name or address.', validate: host }),
  port: required(kinds.integer, { description: 'Port, 1 to 65535.', validate: port }),
};

const ssh = {
  host: required(kinds.string, { description: 'Name or address.', validate: host }),
  port: defaulted(kinds.integer, 22, { description: 'Port. Default: 22.', validate: port }),
  host_key: required(kinds.string, {
    description:
      'Public key that the server has to prove it has: `ssh-ed25519 AAAA…`. Another one fails, since another machine answers.',
    validate: validators.matches(
      /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( .*)?$/,
      'write a line as it is in ssh_host_ed25519_key.pub: ssh-ed25519 AAAA…',
    ),
  }),
  user: optional(kinds.string, {
    description: 'Who logs in to run `command`. Without a command nobody does.',
    validate: validators.matches(/^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/, 'it is no name of a user'),
  }),
  identity_file: optional(kinds.string, {
    description: 'Path of the private key to log in with. Default: what the agent holds.',
  }),
  command: optional(kinds.string, {
    description:
      'Command for the shell of the machine; it has to end with 0, for example `systemctl is-system-running`.',
    validate: validators.lengthBetween(1, 10_000),
  }),
};

const http = {
  url: required(kinds.string, {
    description: 'Address, for example `http://10.20.0.7/health`.',
    validate: problemWithUrl,
  }),
  status: defaulted(kinds.list(kinds.integer), [200], {
    description: 'Status codes that are good. Default: 200. Redirections are not followed.',
    validate: [validators.lengthBetween(1, 100), validators.each(validators.between(100, 599))],
  }),
  body: optional(kinds.string, {
    description: 'Regular expression (JavaScript) that the first MiB of the answer has to match.',
    validate: problemWithPattern,
  }),
  headers: optional(kinds.map(kinds.string), {
    description: 'Header fields to send, for example `Host`. They are stored in the state: no secrets.',
  }),
  ca_certificate: optional(kinds.string, {
    description: 'Certificates (PEM) of the authorities that may have signed the certificate of the server.',
  }),
};

const command = {
  command: required(kinds.list(kinds.string), {
    description: 'Program and its arguments, run where Terraform runs, without a shell.',
    validate: program,
  }),
  environment: optional(kinds.map(kinds.string), {
    description: 'Further variables of its environment. They are stored in the state: no secrets.',
  }),
  exit_code: defaulted(kinds.integer, 0, {
    description: 'Code that it has to end with. Default: 0.',
    validate: validators.between(0, 255),
  }),
};

/** One way to ask; exactly one of them is set. */
export const probeAttributes = {
  tcp: optional(kinds.nested(tcp), { description: 'A connection is accepted.' }),
  ssh: optional(kinds.nested(ssh), {
    description:
      'An SSH server answers and proves that it has the pinned host key; with `command`, it also runs that. Needs `ssh` of OpenSSH where Terraform runs.',
  }),
  http: optional(kinds.nested(http), { description: 'A web server answers with the right status and body.' }),
  command: optional(kinds.nested(command), { description: 'A program ends with the right code.' }),
};
export type ProbeAttributes = typeof probeAttributes;
export type Probe = StateOf<ProbeAttributes>;
export type TcpProbe = StateOf<typeof tcp>;
export type SshProbe = StateOf<typeof ssh>;
export type HttpProbe = StateOf<typeof http>;
export type CommandProbe = StateOf<typeof command>;

const WAYS = ['tcp', 'ssh', 'http', 'command'] as const;

/** Checks what the attributes of a probe cannot check alone. Everything may be unknown. */
export function validateProbe(probe: unknown, path: AttributePath, diagnostics: Diagnostics): void {
  if (isUnknown(probe) || typeof probe !== 'object' || probe === null) return;
  const values = probe as Readonly<Record<string, unknown>>;
  const set = WAYS.filter((way) => (values[way] ?? null) !== null);
  if (set.length !== 1) {
    diagnostics.error(
      set.length === 0 ? 'The probe asks nothing' : 'The probe asks in several ways',
      `Set exactly one of ${WAYS.join(', ')}${set.length > 1 ? `, not ${set.join(' and ')}: write a probe for each` : ''}.`,
      path,
    );
  }
  const login = values.ssh as Readonly<Record<string, unknown>> | null | undefined;
  if (!login || isUnknown(login)) return;
  if ((login.command ?? null) !== null && (login.user ?? null) === null) {
    diagnostics.error('Nobody logs in to run the command', 'Set user beside command.', [
      ...path,
      'ssh',
      'command',
    ]);
  }
}
