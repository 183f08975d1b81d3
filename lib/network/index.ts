export * from './bridged-network';
export * from './isolated-network';
export * from './nat-network';
export * from './network';
export * from './ovs-network';
export * from './routed-network';
export * from './vlan';
export * from './vxlan-network';
