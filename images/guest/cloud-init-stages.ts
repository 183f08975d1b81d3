import type { ConditionalPart } from '../definition';

/**
 * cloud-init 22.4 starts Python four times per boot. This runs its four stages, unchanged, in their order and at
 * their time, in one process (upstream does so since 24.3). It belongs to `cloud-init-local.service`, which is ready
 * after the first stage; the units of the other stages say when theirs may begin and wait for its end, so that
 * everything ordered around any of the four units is ordered as before. With another cloud-init version the program
 * starts each stage as a process of its own.
 */
const STAGES = String.raw`#!/usr/bin/python3 -I
"""Runs all stages of cloud-init in one process. Part of the Cloudless base image; see its docs/images.md."""
import errno
import gc
import os
import socket
import subprocess
import sys
import time

RUN = "/run/cloudless/cloud-init"
gc.disable()  # a short life: collecting while importing costs more than it frees


def in_processes(arguments):
    return subprocess.call(["/usr/bin/cloud-init", *arguments])


def prepared_main():
    """The cloud-init main function without what a seed on a local disk does not need, or None for another version."""
    from cloudinit import version

    if not version.version_string().startswith("22.4"):
        return None
    import types

    # Schema validation is for the author of the seed; the library that writes it validates.
    sys.modules["jsonschema"] = None

    # Nor is the HTTP client imported before something is fetched over HTTP. Two of its names are mentioned when
    # cloud-init is imported, in a signature and as a default: these two stand for the classes themselves.
    def real(name):
        for module in ("requests", "requests.exceptions"):
            if isinstance(sys.modules.get(module), Lazy):
                del sys.modules[module]
        import importlib

        return importlib.import_module(name)

    class Deferred(type):
        def __instancecheck__(cls, instance):
            client = sys.modules.get("requests")
            return not isinstance(client, Lazy) and isinstance(instance, getattr(client, cls.__name__))

    class Lazy(types.ModuleType):
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            if self.__name__ == "requests" and name == "exceptions":
                return sys.modules["requests.exceptions"]
            if self.__name__ == "requests" and name in ("Response", "Timeout") and importing:
                return Deferred(name, (), {})
            return getattr(real(self.__name__), name)

    for module in ("requests.exceptions", "requests"):
        sys.modules[module] = Lazy(module)
    importing = True
    from cloudinit.cmd import main

    importing = False
    main.netinfo.debug_info = lambda *arguments: ""  # a table on the console, made by two more processes
    return main.main


main = prepared_main()


def stage(arguments):
    if main is None:
        return in_processes(arguments)
    try:
        return int(bool(main(["cloud-init", *arguments])))
    except SystemExit as end:
        return int(bool(end.code))


def notify_ready():
    address = os.environ.pop("NOTIFY_SOCKET", None)
    if address:
        if address.startswith("@"):
            address = "\0" + address[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", address)


def wait_for_begin(name):
    """Blocks until the unit of the stage lets it begin."""
    with open(f"{RUN}/{name}.begin", "rb") as begin:
        begin.read()


def tell_end(name, result):
    """Tells the unit of the stage how it ended; one that is gone is not waited for."""
    for _ in range(3000):
        try:
            end = os.open(f"{RUN}/{name}.end", os.O_WRONLY | os.O_NONBLOCK)
            os.write(end, b"%d\n" % result)
            os.close(end)
            return
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            time.sleep(0.01)


os.makedirs(RUN, mode=0o755, exist_ok=True)
for fifo in ("network.end", "config.begin", "config.end", "final.begin", "final.end"):
    if not os.path.exists(f"{RUN}/{fifo}"):
        os.mkfifo(f"{RUN}/{fifo}", 0o600)
results = [1]
try:
    results[0] = stage(["init", "--local"])
finally:
    notify_ready()
for name, arguments in (
    ("network", ["init"]),
    ("config", ["modules", "--mode=config"]),
    ("final", ["modules", "--mode=final"]),
):
    if name != "network":
        wait_for_begin(name)
    result = 1
    try:
        result = stage(arguments)
    finally:
        tell_end(name, result)
    results.append(result)
sys.exit(int(any(results)))
`;

const STAGE = `#!/bin/sh
# Lets a stage of cloud-init begin (all but "network" wait for that) and waits for its end.
[ "$1" = network ] || echo > "/run/cloudless/cloud-init/$1.begin"
read -r result < "/run/cloudless/cloud-init/$1.end"
exit "$result"
`;

const LOCAL_UNIT = `[Unit]
Description=cloud-init, all stages; started means that the stage before the network is over
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target sysinit.target shutdown.target
Conflicts=shutdown.target
RequiresMountsFor=/var/lib/cloud

[Service]
Type=notify
ExecStart=/usr/lib/cloudless/cloud-init-stages
# As the four units have it: user scripts may leave processes behind, and take their time.
KillMode=process
TasksMax=infinity
TimeoutSec=0
RemainAfterExit=yes
StandardOutput=journal+console

[Install]
WantedBy=cloud-init.target
`;

/** Unit of a later stage: ordered as the stock unit of the same name, run by the one process. */
function stageUnit(stage: string, description: string, ordering: readonly string[]): string {
  return `[Unit]
Description=${description}
BindsTo=cloud-init-local.service
${ordering.join('\n')}

[Service]
Type=oneshot
ExecStart=/usr/lib/cloudless/cloud-init-stage ${stage}
RemainAfterExit=yes
TimeoutSec=0

[Install]
WantedBy=cloud-init.target
`;
}

const NETWORK_UNIT = stageUnit('network', 'cloud-init, network stage: users, keys and files', [
  'DefaultDependencies=no',
  'After=cloud-init-local.service',
  'Before=network-online.target sshd-keygen.service ssh.service sysinit.target systemd-user-sessions.service',
  'Before=shutdown.target',
  'Conflicts=shutdown.target',
]);
// Behind the SSH server: nothing in it is needed to log in.
const CONFIG_UNIT = stageUnit('config', 'cloud-init, config stage', [
  'Wants=network-online.target cloud-config.target',
  'After=cloud-init-local.service network-online.target cloud-config.target ssh.service',
]);
const FINAL_UNIT = stageUnit('final', 'cloud-init, final stage: packages and user scripts', [
  'Wants=network-online.target cloud-config.service',
  'After=cloud-init-local.service network-online.target cloud-config.service multi-user.target',
  'Before=apt-daily.service',
]);

/** The four stages of cloud-init 22.4 in one process. */
export const cloudInitStages: ConditionalPart = {
  package: 'cloud-init',
  version: '22.4.',
  files: [
    { path: '/usr/lib/cloudless/cloud-init-stages', content: STAGES, mode: '0755' },
    { path: '/etc/systemd/system/cloud-init-local.service', content: LOCAL_UNIT },
    { path: '/usr/lib/cloudless/cloud-init-stage', content: STAGE, mode: '0755' },
    { path: '/etc/systemd/system/cloud-init.service', content: NETWORK_UNIT },
    { path: '/etc/systemd/system/cloud-config.service', content: CONFIG_UNIT },
    { path: '/etc/systemd/system/cloud-final.service', content: FINAL_UNIT },
  ],
};
