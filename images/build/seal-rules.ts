import type { ImageContents } from './image-contents';
import { pathPattern } from './path-pattern';
import { parseReleaseStamp, STAMP_PATH } from './release-stamp';

/** What the checker knows beside the image. */
export interface SealContext {
  /** Name that the stamp must carry; any when it is not given. */
  readonly name?: string;
  /** Commit that the stamp of a release must carry. */
  readonly commit?: string;
  /** Version that the stamp must carry; any when it is not given. */
  readonly version?: string;
  /** Name of the machine the image was built on: it must not be found inside. */
  readonly builderHost?: string;
}

/** One thing that must hold for an image that many machines are made from. */
export interface SealRule {
  readonly id: string;
  /** Why, in a few words for the message. */
  readonly why: string;
  /** Paths that must not exist; `*` stands for any characters but a slash. */
  readonly absent?: readonly string[];
  /** Violations found by reading. */
  readonly check?: (image: ImageContents, context: SealContext) => readonly string[];
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{20}/;
const PROXY = /^[^#\n]*\b(?:https?_proxy|Acquire::https?::Proxy)\b\s*[=" ]/m;
/** Files that are secret by what they are for. */
const SECRETS = [
  '/etc/shadow',
  '/etc/gshadow',
  '/etc/security/opasswd',
  '/etc/sudoers',
  '/etc/sudoers.d/*',
  '/etc/ssh/*_key',
  '/etc/ssl/private/*',
  '/etc/wireguard/*.conf',
  '/etc/ppp/*-secrets',
  '/etc/*/*.key',
  '/etc/*/*.pem.key',
  '/root/.pgpass',
];
const REQUIRED = ['/etc/machine-id', '/etc/passwd', '/etc/shadow', STAMP_PATH];

/** Everything an image must not carry, and what it must. */
export const sealRules: readonly SealRule[] = [
  {
    id: 'required-file',
    why: 'without it this is no image of ours',
    check: ({ entries }) => REQUIRED.filter((path) => !entries.has(path)),
  },
  {
    id: 'stamp',
    why: 'the stamp inside must say what the catalog says',
    check: (image, { name, version, commit }) => {
      const stamp = parseReleaseStamp(image.read(STAMP_PATH));
      const wanted = {
        NAME: name,
        VERSION: version,
        COMMIT: commit,
        RELEASE: commit === undefined ? undefined : 'yes',
      };
      return Object.entries(wanted)
        .filter(([field, value]) => value !== undefined && stamp[field] !== value)
        .map(
          ([field, value]) =>
            `${STAMP_PATH}: ${field} is ${stamp[field] ?? 'not there'} instead of ${value ?? ''}`,
        );
    },
  },
  { id: 'ssh-host-key', why: 'every machine has its own', absent: ['/etc/ssh/ssh_host_*'] },
  {
    id: 'machine-id',
    why: 'every machine has its own',
    check: (image) =>
      ['', 'uninitialized'].includes(image.read('/etc/machine-id').trim()) ? [] : ['/etc/machine-id'],
  },
  { id: 'dbus-machine-id', why: 'every machine has its own', absent: ['/var/lib/dbus/machine-id'] },
  {
    id: 'random-seed',
    why: 'machines would share their random numbers',
    absent: ['/var/lib/systemd/random-seed', '/var/lib/urandom/*', '/boot/efi/loader/random-seed'],
  },
  {
    id: 'credential-secret',
    why: 'every machine has its own',
    absent: ['/var/lib/systemd/credential.secret'],
  },
  {
    id: 'dhcp-lease',
    why: 'it belongs to the machine it was built on',
    absent: [
      '/var/lib/dhcp/*lease*',
      '/var/lib/dhcpcd*/*',
      '/var/lib/NetworkManager/*',
      '/var/lib/systemd/network/*',
    ],
  },
  {
    id: 'cloud-init-state',
    why: 'cloud-init would take the first boot for a later one',
    absent: ['/var/lib/cloud/*', '/var/log/cloud-init*'],
  },
  {
    id: 'cloud-init-network',
    why: 'the seed says how the network is',
    absent: [
      '/etc/systemd/network/*cloud-init*',
      '/etc/netplan/*',
      '/etc/network/interfaces.d/50-cloud-init*',
      '/etc/udev/rules.d/85-persistent-net-cloud-init.rules',
    ],
  },
  {
    id: 'ignition-state',
    why: 'Ignition would take the first boot for a later one',
    absent: [
      '/etc/.ignition-result.json',
      '/var/log/ignition.log',
      '/etc/systemd/system-preset/20-ignition.preset',
    ],
  },
  {
    id: 'log',
    why: 'it tells about the build host',
    absent: [
      '/var/log/*.log',
      '/var/log/*.log.*',
      '/var/log/syslog*',
      '/var/log/messages*',
      '/var/log/journal/*',
      '/var/log/apt/*',
      '/var/log/installer/*',
    ],
  },
  { id: 'apt-lists', why: 'outdated from the first day', absent: ['/var/lib/apt/lists/*_*'] },
  {
    id: 'apt-cache',
    why: 'room for nothing',
    absent: ['/var/cache/apt/archives/*.deb', '/var/cache/apt/*.bin'],
  },
  {
    id: 'apt-source',
    why: 'the mirror belongs to the build host',
    absent: ['/etc/apt/sources.list.d/*'],
    check: (image) => (image.read('/etc/apt/sources.list').trim() ? ['/etc/apt/sources.list'] : []),
  },
  {
    id: 'proxy',
    why: 'it belongs to the build host, and may carry a password',
    absent: ['/etc/apt/auth.conf', '/etc/apt/auth.conf.d/*', '/etc/apt/apt.conf.d/*proxy*'],
    check: (image) =>
      image.filesBelow('/etc', '/root', '/opt', '/srv').filter((path) => PROXY.test(image.read(path))),
  },
  {
    id: 'history',
    why: 'it tells what somebody typed',
    absent: [
      '/root/.*_history',
      '/home/*/.*_history',
      '/root/.viminfo',
      '/root/.lesshst',
      '/root/.wget-hsts',
    ],
  },
  {
    id: 'credentials',
    why: 'every machine would have them',
    absent: [
      '/root/.netrc',
      '/root/.aws*',
      '/root/.docker*',
      '/root/.npmrc',
      '/root/.kube*',
      '/root/.gnupg',
      '/root/.config/gcloud*',
      '/etc/krb5.keytab',
    ],
  },
  {
    id: 'private-key',
    why: 'every machine would have it',
    check: (image) =>
      image
        .filesBelow('/etc', '/root', '/opt', '/srv', '/usr/local', '/var')
        .filter((path) => PRIVATE_KEY.test(image.read(path))),
  },
  {
    id: 'authorized-keys',
    why: 'the seed says who logs in',
    absent: ['/root/.ssh', '/root/.ssh/*', '/home/*/.ssh/*', '/etc/ssh/authorized_keys*'],
  },
  { id: 'home', why: 'the seed says who has one', absent: ['/home/*'] },
  { id: 'hostname', why: 'the seed says it', absent: ['/etc/hostname', '/etc/mailname'] },
  {
    id: 'builder-hostname',
    why: 'the image would name the machine it was built on',
    check: (image, { builderHost = '' }) =>
      builderHost.length < 4 || builderHost === 'localhost'
        ? []
        : image
            .filesBelow(
              '/etc/hosts',
              '/etc/hostname',
              '/etc/mailname',
              '/etc/ssh',
              '/etc/apt',
              '/etc/cloud',
              '/root',
            )
            .filter((path) =>
              image
                .read(path)
                .split(/[^A-Za-z0-9-]+/)
                .includes(builderHost),
            ),
  },
  {
    id: 'resolv.conf',
    why: 'the seed says which name servers',
    check: (image) => (image.read('/etc/resolv.conf').trim() ? ['/etc/resolv.conf'] : []),
  },
  {
    id: 'persistent-net-rules',
    why: 'they belong to the machine it was built on',
    absent: ['/etc/udev/rules.d/70-persistent-*', '/etc/udev/rules.d/75-persistent-*'],
  },
  {
    id: 'password',
    why: 'nobody logs in with a password that every machine shares',
    check: (image) =>
      image
        .read('/etc/shadow')
        .split('\n')
        .map((line) => line.split(':'))
        .filter(([user, password]) => user && !/^[*!]/.test(password ?? ''))
        .map(([user]) => `/etc/shadow: ${user}`),
  },
  {
    id: 'second-root',
    why: 'only root is user 0',
    check: (image) =>
      image
        .read('/etc/passwd')
        .split('\n')
        .map((line) => line.split(':'))
        .filter(([user, , id]) => id === '0' && user !== 'root')
        .map(([user]) => `/etc/passwd: ${user}`),
  },
  {
    id: 'sudo-without-password',
    why: 'the seed says who may',
    check: (image) =>
      image
        .filesBelow('/etc/sudoers', '/etc/sudoers.d')
        .filter((path) => /^[^#\n]*NOPASSWD/m.test(image.read(path))),
  },
  {
    id: 'sshd-login',
    why: 'keys only, and never root',
    check: (image) => {
      const settings = [...image.filesBelow('/etc/ssh/sshd_config.d'), '/etc/ssh/sshd_config'];
      const values = (path: string, word: string): string[] =>
        [...image.read(path).matchAll(new RegExp(`^\\s*${word}[\\s=]+"?([\\w-]+)`, 'gim'))].map(
          ([, value = '']) => value.toLowerCase(),
        );
      const first = (word: string): string | undefined => settings.flatMap((path) => values(path, word))[0];
      return [
        ...['PasswordAuthentication', 'PermitRootLogin', 'KbdInteractiveAuthentication']
          .filter((word) => first(word) !== 'no')
          .map((word) => `/etc/ssh: ${word} is ${first(word) ?? 'not set'}`),
        // The first value counts, but a Match block may say otherwise for some.
        ...settings.flatMap((path) =>
          [
            'PasswordAuthentication',
            'KbdInteractiveAuthentication',
            'PermitEmptyPasswords',
            'ChallengeResponseAuthentication',
          ]
            .filter((word) => values(path, word).includes('yes'))
            .map((word) => `${path}: ${word} yes`),
        ),
      ];
    },
  },
  {
    id: 'login-without-key',
    why: 'nobody logs in without a key of his own',
    check: (image) => [
      ...image
        .filesBelow('/etc/cloud')
        .filter((path) =>
          /^\s*(ssh_pwauth\s*:\s*(true|yes|1)|(plain_text_passwd|chpasswd|hashed_passwd|passwd|password)\s*:\s*\S)/im.test(
            image.read(path),
          ),
        ),
      ...image
        .filesBelow('/etc/systemd/system')
        .filter((path) => /^ExecStart=.*getty\b.*(--autologin|\s-a\s)/m.test(image.read(path))),
    ],
  },
  {
    id: 'world-readable-secret',
    why: 'everybody on the machine could read it',
    check: ({ entries }) => {
      const secret = SECRETS.map(pathPattern);
      return [...entries]
        .filter(
          ([path, { mode }]) =>
            mode >> 12 === 0o10 && (mode & 4) !== 0 && secret.some((each) => each.test(path)),
        )
        .map(([path]) => path);
    },
  },
  {
    id: 'world-writable',
    why: 'everybody on the machine could change it',
    check: ({ entries }) =>
      [...entries].filter(([, { mode }]) => mode >> 12 === 0o10 && (mode & 2) !== 0).map(([path]) => path),
  },
  {
    id: 'leftover',
    why: 'it is of the build only',
    absent: [
      '/tmp/*',
      '/var/tmp/*',
      '/run/*',
      '/core',
      '/var/crash/*',
      '/var/mail/*',
      '/var/spool/cron/crontabs/*',
      '/etc/*-',
      '/etc/.pwd.lock',
      '/var/lib/dpkg/*-old',
      '/var/cache/debconf/*-old',
      '/.dockerenv',
      '/lost+found/*',
      '/usr/sbin/policy-rc.d',
    ],
  },
];

/** A rule that an image breaks, and where. */
export interface SealViolation {
  readonly rule: string;
  readonly why: string;
  readonly found: string;
}

export function brokenRules(image: ImageContents, context: SealContext): SealViolation[] {
  return sealRules.flatMap(({ id, why, absent = [], check }) => {
    const patterns = absent.map(pathPattern);
    const present = image.paths.filter((path) => patterns.some((pattern) => pattern.test(path)));
    return [...present, ...(check?.(image, context) ?? [])].map((found) => ({ rule: id, why, found }));
  });
}
