export * from './hypervisor';
export * from './libvirt-uri';
