import { Size } from '../../core/size';
import { GuestOs, guestOs, type GuestImage } from '../guest-image';

/** Name under which the guest's Ignition looks for its configuration in QEMU's firmware configuration device. */
export function fwCfgName(image: Pick<GuestImage, 'os'>): string {
  return guestOs(image) === GuestOs.FLATCAR ? 'opt/org.flatcar-linux/config' : 'opt/com.coreos/config';
}

/**
 * Largest document through fw_cfg. The guest's kernel reads the device from its start for every page that it is asked
 * for: a document of 1 MiB takes about a second, one of 10 MiB minutes, before anything else happens.
 */
const MAXIMUM = Size.mib(1);

/** What is wrong with a document's size, as a sentence. @param largest name and size of its largest file */
export function fwCfgProblems(
  document: string,
  largest?: { readonly path: string; readonly bytes: number },
): string[] {
  const size = Size.bytes(Buffer.byteLength(document));
  if (!size.isMoreThan(MAXIMUM)) return [];
  const which = largest ? ` (largest file: ${largest.path}, ${Size.bytes(largest.bytes).toString()})` : '';
  return [
    `the Ignition document is ${size.toString()}, at most ${MAXIMUM.toString()} go through fw_cfg${which}; put large files into the image, or give them as RemoteSource`,
  ];
}
