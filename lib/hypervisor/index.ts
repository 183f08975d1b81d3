export * from './firmware';
export * from './hypervisor';
export * from './libvirt-uri';
export * from './pinned-host-keys';
export * from './placement';
export * from './security-driver';
export * from './survives-loss';
