export { recordDataSource } from './record';
export { zoneDataSource } from './zone';
export { zonesDataSource } from './zones';
