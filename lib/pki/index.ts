export * from './certificate-authority';
export * from './subject-name';
export { CertificateUse } from './x509';
