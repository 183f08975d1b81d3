import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import type { SubjectName } from './subject-name';

const ED25519 = '1.3.101.112';
const COMMON_NAME = '2.5.4.3';
const ORGANISATION = '2.5.4.10';

/** What a key may be used for in TLS. There is no "any". */
export enum CertificateUse {
  /** Answers connections. */
  SERVER = 'server',
  /** Makes connections, and proves who it is. */
  CLIENT = 'client',
}

const USES = { [CertificateUse.SERVER]: id_kp_serverAuth, [CertificateUse.CLIENT]: id_kp_clientAuth };

export interface CertificateContent {
  /** Common name of the subject, at most 64 characters. */
  readonly commonName: string;
  /** Common name of the issuer; that of an authority is the same as its subject's. */
  readonly issuer: string;
  readonly organisation: string;
  readonly subjectKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** For a leaf; an authority has none. */
  readonly leaf?: { readonly names: readonly SubjectName[]; readonly uses: readonly CertificateUse[] };
}

/** The private key that belongs to 32 secret bytes (RFC 8032 5.1.5). */
export function ed25519Key(seed: Buffer): KeyObject {
  const d = seed.toString('base64url');
  return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x: d }, format: 'jwk' });
}

/**
 * A certificate (RFC 5280) that is signed with Ed25519 (RFC 8410), whose signatures hold nothing random: equal content gives
 * equal bytes.
 *
 * @returns PEM
 */
export function signCertificate(content: CertificateContent): string {
  const { leaf } = content;
  const publicInfo = publicKeyInfo(content.subjectKey);
  const algorithm = new AlgorithmIdentifier({ algorithm: ED25519 });
  const toBeSigned = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(content, publicInfo),
    signature: algorithm,
    issuer: distinguishedName(content.organisation, content.issuer),
    validity: new Validity({ notBefore: content.notBefore, notAfter: content.notAfter }),
    subject: distinguishedName(content.organisation, content.commonName),
    subjectPublicKeyInfo: AsnConvert.parse(publicInfo, SubjectPublicKeyInfo),
    extensions: new Extensions([
      extension(
        id_ce_basicConstraints,
        new BasicConstraints(leaf ? { cA: false } : { cA: true, pathLenConstraint: 0 }),
        true,
      ),
      extension(
        id_ce_keyUsage,
        new KeyUsage(
          leaf ? KeyUsageFlags.digitalSignature : KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
        ),
        true,
      ),
      ...(leaf
        ? [
            extension(id_ce_extKeyUsage, new ExtendedKeyUsage(leaf.uses.map((use) => USES[use]))),
            extension(id_ce_subjectAltName, new SubjectAlternativeName(leaf.names.map(generalName))),
          ]
        : []),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(publicInfo))),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({
          keyIdentifier: new KeyIdentifier(keyIdentifier(publicKeyInfo(content.issuerKey))),
        }),
      ),
    ]),
  });
  const signature = sign(null, Buffer.from(AsnConvert.serialize(toBeSigned)), content.issuerKey);
  const certificate = new Certificate({
    tbsCertificate: toBeSigned,
    signatureAlgorithm: algorithm,
    signatureValue: bytes(signature),
  });
  const lines = Buffer.from(AsnConvert.serialize(certificate))
    .toString('base64')
    .match(/.{1,64}/g);
  return ['-----BEGIN CERTIFICATE-----', ...(lines ?? []), '-----END CERTIFICATE-----', ''].join('\n');
}

function distinguishedName(organisation: string, commonName: string): Name {
  const part = (type: string, text: string): RelativeDistinguishedName =>
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: text }) }),
    ]);
  return new Name([part(ORGANISATION, organisation), part(COMMON_NAME, commonName)]);
}

function extension(id: string, value: object, critical = false): Extension {
  return new Extension({
    extnID: id,
    critical,
    extnValue: new OctetString(AsnConvert.serialize(value)),
  });
}

function generalName(name: SubjectName): GeneralName {
  return name.kind === 'dns'
    ? new GeneralName({ dNSName: name.toString() })
    : new GeneralName({ iPAddress: name.toString() });
}

/** 16 bytes that differ when anything does: what was issued anew has another number (RFC 5280 4.1.2.2). */
function serialNumber(content: CertificateContent, publicInfo: Buffer): ArrayBuffer {
  const hash = createHash('sha256').update(
    JSON.stringify([
      content.issuer,
      content.commonName,
      content.notBefore.toISOString(),
      content.notAfter.toISOString(),
      content.leaf?.names.map(String),
      content.leaf?.uses,
      publicInfo.toString('hex'),
    ]),
  );
  const number = hash.digest().subarray(0, 16);
  number[0] = ((number[0] ?? 0) & 0x3f) | 0x40; // positive, and no zero first
  return bytes(number);
}

function publicKeyInfo(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** RFC 7093 2 (1): the first 160 bits of the SHA-256 of the key's bits, without the 12 bytes before them. */
function keyIdentifier(publicInfo: Buffer): ArrayBuffer {
  return bytes(createHash('sha256').update(publicInfo.subarray(12)).digest().subarray(0, 20));
}

function bytes(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}
