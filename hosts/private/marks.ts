/** First line of every file that is written on a host: what bears it may be changed and removed again. */
export const MARKER = '# made by cloudless host prepare; cloudless host prepare --undo removes it\n';

/** What is put on interfaces, as `ip link` shows it. */
export const ALIAS = 'cloudless';

/** Key of what is put on Open vSwitch bridges. */
export const OVS_KEY = 'cloudless';

/** Where the files are. systemd-networkd takes the first that matches an interface, hence the low number. */
export const NETWORKD_DIRECTORY = '/etc/systemd/network';
export const NETWORKD_PREFIX = `${NETWORKD_DIRECTORY}/05-cloudless-`;
export const IFUPDOWN_PREFIX = '/etc/network/interfaces.d/cloudless-';
export const FILE_PATTERNS = [`${NETWORKD_PREFIX}*`, `${IFUPDOWN_PREFIX}*`];
