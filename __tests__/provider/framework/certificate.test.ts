import { X509Certificate } from 'node:crypto';
import { makeCertificate } from '../../../provider/framework/serve/certificate';

const now = new Date('2026-11-21T12:00:00Z');
const { der, certificatePem, privateKeyPem } = makeCertificate(now);
const certificate = new X509Certificate(der);

test('is a certificate authority for localhost that signed itself', () => {
  expect(certificate.subject).toBe('CN=localhost');
  expect(certificate.issuer).toBe('CN=localhost');
  expect(certificate.ca).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkIssued(certificate)).toBe(true);
  expect(certificate.checkHost('localhost')).toBe('localhost');
});

test('serves both ends of a connection', () => {
  // server authentication, client authentication
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
});

test('is valid for thirty days from now', () => {
  expect(new Date(certificate.validFrom).toISOString()).toBe('2026-11-21T11:59:00.000Z');
  expect(new Date(certificate.validTo).toISOString()).toBe('2026-12-21T12:00:00.000Z');
});

test('comes with its own elliptic key, as PEM and as DER', () => {
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(new X509Certificate(certificatePem).raw.equals(der)).toBe(true);
  expect(privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
});

test('is another one each time', () => {
  expect(makeCertificate(now).der.equals(der)).toBe(false);
});
