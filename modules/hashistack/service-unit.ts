export interface ServiceUnitProps {
  readonly description: string;
  /** Command line; the program first. */
  readonly command: readonly string[];
  /** User and group that it runs as. */
  readonly user: string;
  /** Directories below /var/lib that are its state; systemd makes them and gives them to the user. */
  readonly state: readonly string[];
  /** Directories that must be mounted before it starts. */
  readonly mounts?: readonly string[];
  /** Capabilities it keeps. @default - none */
  readonly capabilities?: readonly string[] | 'all';
  /** Further lines of `[Service]`. @default - none */
  readonly service?: readonly string[];
  /** Units that it comes after. @default - the network */
  readonly after?: readonly string[];
  /**
   * Lines that fence it in. Not for what starts programs of others: their needs are not known.
   * @default FENCE
   */
  readonly fence?: readonly string[];
}

/** systemd.exec(5): the service sees its state, and nothing of the machine can be changed by it. */
export const FENCE: readonly string[] = [
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'ProtectHome=yes',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'ProtectKernelTunables=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelLogs=yes',
  'ProtectControlGroups=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'SystemCallArchitectures=native',
  'UMask=0077',
];

/** The unit of a server program that is restarted for ever, more slowly than it can fail. */
export function serviceUnit(props: ServiceUnitProps): string {
  const { capabilities = [], mounts = [], service = [], after = [], fence = FENCE } = props;
  return `[Unit]
Description=${props.description}
Wants=network-online.target
After=${['network-online.target', ...after].join(' ')}
${mounts.length > 0 ? `RequiresMountsFor=${mounts.join(' ')}\n` : ''}# A peer may be away for hours, so it is never given up.
StartLimitIntervalSec=0

[Service]
Type=exec
User=${props.user}
Group=${props.user}
ExecStart=${props.command.join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5
LimitNOFILE=65536
StateDirectory=${props.state.join(' ')}
StateDirectoryMode=0700
${[...capabilityLines(capabilities), ...service, ...fence].join('\n')}

[Install]
WantedBy=multi-user.target
`;
}

function capabilityLines(capabilities: readonly string[] | 'all'): string[] {
  if (capabilities === 'all') return [];
  const list = capabilities.join(' ');
  return [`CapabilityBoundingSet=${list}`, `AmbientCapabilities=${list}`];
}

export interface AclUnitOptions {
  readonly description: string;
  /** Unit of the servers whose access rules it makes. */
  readonly after: string;
  readonly user: string;
  /** Program that makes them; it may be run again. */
  readonly program: string;
}

/** A unit that makes what access rules need, once the cluster has a leader. */
export function aclUnit({ description, after, user, program }: AclUnitOptions): string {
  return `[Unit]
Description=${description}
After=${after}
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
User=${user}
Group=${user}
ExecStart=${program}
# It waits for a leader, which may take as long as the other servers do.
TimeoutStartSec=infinity
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
`;
}
