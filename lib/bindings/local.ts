import type { Construct } from 'constructs';
import { File } from '../../.gen/providers/local/file';
import { LocalProvider } from '../../.gen/providers/local/provider';
import { CloudlessStack } from '../core/cloudless-stack';
import { escapeTemplate } from './escape';

export interface FileConfig {
  readonly filename: string;
  readonly content: string;
  /** Octal mode, for example `0644`. */
  readonly permission: string;
}

/** A file on the machine that Terraform runs on. */
export function localFile(scope: Construct, id: string, config: FileConfig): void {
  const stack = CloudlessStack.of(scope);
  if (!stack.node.tryFindChild('local')) new LocalProvider(stack, 'local');
  new File(scope, id, {
    filename: config.filename,
    content: escapeTemplate(config.content),
    filePermission: config.permission,
    directoryPermission: '0755',
  });
}
