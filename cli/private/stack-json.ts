import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What of a synthesised stack the commands look at. */
export interface StackJson<Resource> {
  readonly provider?: { readonly libvirt?: readonly { readonly alias?: string; readonly uri?: string }[] };
  /** By type and name. */
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Resource>>>>;
}

/** Reads a synthesised stack. */
export function readStackJson<Resource>(directory: string): StackJson<Resource> {
  return JSON.parse(readFileSync(join(directory, 'cdk.tf.json'), 'utf8')) as StackJson<Resource>;
}
