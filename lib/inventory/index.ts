export * from './known-hosts';
export * from './machine-list';
export * from './ssh-config';
