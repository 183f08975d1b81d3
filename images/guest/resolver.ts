import type { ConditionalPart } from '../definition';

/**
 * The stock unit of systemd-resolved 252 (bookworm), except that the network is not held up for it: it starts behind
 * the SSH server. What needs names waits for `nss-lookup.target`, as ever; cloud-init's later stages run after it.
 */
const UNIT = `[Unit]
Description=Network Name Resolution
Documentation=man:systemd-resolved.service(8)
DefaultDependencies=no
After=systemd-sysctl.service systemd-sysusers.service ssh.service
Before=nss-lookup.target cloud-config.service shutdown.target
Conflicts=shutdown.target
Wants=nss-lookup.target

[Service]
AmbientCapabilities=CAP_SETPCAP CAP_NET_RAW CAP_NET_BIND_SERVICE
BusName=org.freedesktop.resolve1
CapabilityBoundingSet=CAP_SETPCAP CAP_NET_RAW CAP_NET_BIND_SERVICE
ExecStart=!!/lib/systemd/systemd-resolved
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
Restart=always
RestartSec=0
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RuntimeDirectory=systemd/resolve
RuntimeDirectoryPreserve=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
Type=notify
User=systemd-resolve
WatchdogSec=3min

[Install]
WantedBy=multi-user.target
Alias=dbus-org.freedesktop.resolve1.service
`;

export const resolverBehindSsh: ConditionalPart = {
  package: 'systemd-resolved',
  version: '252.',
  files: [{ path: '/etc/systemd/system/systemd-resolved.service', content: UNIT }],
};
