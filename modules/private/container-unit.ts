/** What a container runs with; rendered as a quadlet, or as a unit with `podman run`. */
export interface ContainerSpecification {
  readonly name: string;
  readonly description: string;
  /** `name@sha256:…`. */
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentFile?: string;
  readonly network: string;
  /** `uid:gid`. */
  readonly user?: string;
  readonly capabilities: readonly string[];
  /** `host:container:options`. */
  readonly volumes: readonly string[];
  /** Directories in memory. */
  readonly temporary: readonly string[];
  readonly memoryMebibytes?: number;
  /** Archive to load the image from. @default - it is pulled */
  readonly archive?: string;
  /** Directories that must be mounted first. */
  readonly mounts: readonly string[];
}

/** The unit's sections that both ways have in common. */
function unitSection({ description, mounts }: ContainerSpecification): string {
  return `[Unit]
Description=${escaped(description)}
Wants=network-online.target
After=network-online.target
${mounts.map((path) => `RequiresMountsFor=${path}\n`).join('')}`;
}

const INSTALL = `[Install]
WantedBy=multi-user.target
`;

/** Pulling an image takes its time. */
const START_SECONDS = 900;

function loadArchive({ archive }: ContainerSpecification): string {
  return archive === undefined ? '' : `ExecStartPre=/usr/bin/podman load --quiet --input ${archive}\n`;
}

/** A quadlet, of which podman 4.4 and later makes the unit (podman-systemd.unit(5)). */
export function quadlet(container: ContainerSpecification): string {
  const { environment, environmentFile, user, capabilities, memoryMebibytes, command } = container;
  const [uid, gid] = (user ?? '').split(':');
  const lines: (readonly [key: string, value: string | undefined])[] = [
    ['ContainerName', container.name],
    ['Image', container.image],
    ['Exec', command.length > 0 ? command.map(quoted).join(' ') : undefined],
    ...Object.entries(environment).map(([key, value]) => ['Environment', quoted(`${key}=${value}`)] as const),
    ['EnvironmentFile', environmentFile],
    ['Network', container.network],
    ['User', uid === '' ? undefined : uid],
    ['Group', gid],
    ['ReadOnly', 'true'],
    ['NoNewPrivileges', 'true'],
    ['DropCapability', 'all'],
    ...capabilities.map((name) => ['AddCapability', name] as const),
    ...container.volumes.map((volume) => ['Volume', volume] as const),
    ...container.temporary.map((path) => ['Tmpfs', path] as const),
    ['PodmanArgs', `--pull=${container.archive === undefined ? 'missing' : 'never'}`],
    ['PodmanArgs', memoryMebibytes === undefined ? undefined : `--memory=${memoryMebibytes}m`],
  ];
  return `${unitSection(container)}
[Container]
${lines.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}\n`])).join('')}
[Service]
${loadArchive(container)}Restart=always
RestartSec=5
TimeoutStartSec=${START_SECONDS}

${INSTALL}`;
}

/** The same as a unit, for a podman that makes none (before 4.4): what its successors write. */
export function podmanRunUnit(container: ContainerSpecification): string {
  const { environment, environmentFile, user, capabilities, memoryMebibytes } = container;
  const args = [
    '--name',
    container.name,
    '--cidfile=%t/%N.cid',
    '--replace',
    '--rm',
    '--detach',
    '--cgroups=split',
    '--sdnotify=conmon',
    `--pull=${container.archive === undefined ? 'missing' : 'never'}`,
    `--network=${container.network}`,
    '--read-only',
    '--security-opt=no-new-privileges',
    '--cap-drop=all',
    ...capabilities.map((name) => `--cap-add=${name}`),
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...(memoryMebibytes === undefined ? [] : [`--memory=${memoryMebibytes}m`]),
    ...Object.entries(environment).map(([key, value]) => quoted(`--env=${key}=${value}`)),
    ...(environmentFile === undefined ? [] : [`--env-file=${environmentFile}`]),
    ...container.volumes.map((volume) => `--volume=${volume}`),
    ...container.temporary.map((path) => `--tmpfs=${path}`),
    container.image,
    ...container.command.map(quoted),
  ];
  return `${unitSection(container)}
[Service]
Type=notify
NotifyAccess=all
Environment=PODMAN_SYSTEMD_UNIT=%n
Delegate=yes
KillMode=mixed
SyslogIdentifier=%N
${loadArchive(container)}ExecStart=/usr/bin/podman run ${args.join(' ')}
ExecStop=/usr/bin/podman rm --force --ignore --cidfile=%t/%N.cid
ExecStopPost=-/usr/bin/podman rm --force --ignore --cidfile=%t/%N.cid
Restart=always
RestartSec=5
TimeoutStartSec=${START_SECONDS}

${INSTALL}`;
}

/** One word of a command line: neither split, nor are `%` and `$` anything but themselves (systemd.service(5)). */
function quoted(word: string): string {
  const text = escaped(word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '$$$$'));
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `"${text}"`;
}

/** `%` as itself (systemd.unit(5), "Specifiers"). */
function escaped(text: string): string {
  return text.replaceAll('%', '%%');
}
