import { SecretContent } from '../../lib/guest/file-content';
import type { GuestFile } from '../../lib/guest/guest-file';

/** A file that only root and a service's group read. */
export function secretFile(path: string, content: string | SecretContent, group: string): GuestFile {
  return {
    path,
    content: typeof content === 'string' ? SecretContent.of(content) : content,
    mode: '0640',
    owner: `root:${group}`,
  };
}
