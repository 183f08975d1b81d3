import type { GuestConfig } from '../../lib/guest/guest-config';
import type { CertificateAuthority, CertificateRequest } from '../../lib/pki';
import { secretFile } from './secret-file';

export interface CertificateFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Gives a machine a certificate and key of its own, and what it trusts; the key is for the service's group alone. */
export function addCertificate(
  guest: GuestConfig,
  authority: CertificateAuthority,
  request: CertificateRequest,
  where: { readonly directory: string; readonly group: string },
): CertificateFiles {
  const { directory, group } = where;
  const issued = authority.issue(request);
  const files = {
    ca: `${directory}/ca.pem`,
    certificate: `${directory}/node.pem`,
    key: `${directory}/node-key.pem`,
  };
  guest.addFile({ path: files.ca, content: authority.certificate });
  guest.addFile({ path: files.certificate, content: issued.certificate });
  guest.addFile(secretFile(files.key, issued.privateKey, group));
  return files;
}
