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
