import { Construct } from 'constructs';
import { DataIgnitionConfig } from '../../.gen/providers/ignition/data-ignition-config';
import { DataIgnitionDirectory } from '../../.gen/providers/ignition/data-ignition-directory';
import { DataIgnitionFile } from '../../.gen/providers/ignition/data-ignition-file';
import { DataIgnitionFilesystem } from '../../.gen/providers/ignition/data-ignition-filesystem';
import { DataIgnitionLink } from '../../.gen/providers/ignition/data-ignition-link';
import { DataIgnitionSystemdUnit } from '../../.gen/providers/ignition/data-ignition-systemd-unit';
import { DataIgnitionUser } from '../../.gen/providers/ignition/data-ignition-user';
import { IgnitionProvider } from '../../.gen/providers/ignition/provider';
import { CloudlessStack } from '../core/cloudless-stack';
import { Digest } from '../core/digest';
import { escapeTemplate } from './escape';

// Dialect of community-terraform-providers/ignition 2.1.2, which writes specification 3.1.0 whatever it is given.

/** Version of the specification that the provider writes. */
export const PROVIDER_SPEC = '3.1.0' as const;

interface Owned {
  readonly path: string;
  readonly user?: { readonly name: string };
  readonly group?: { readonly name: string };
}

/** An Ignition document, as far as the data sources have words for it. */
export interface IgnitionDocument {
  readonly kernelArguments?: unknown;
  readonly passwd?: { readonly users: readonly IgnitionUserConfig[] };
  readonly storage?: {
    readonly directories?: readonly (Owned & { readonly mode: number })[];
    readonly files?: readonly IgnitionFileConfig[];
    readonly filesystems?: readonly IgnitionFilesystemConfig[];
    readonly links?: readonly (Owned & { readonly target: string; readonly overwrite?: boolean })[];
  };
  readonly systemd?: { readonly units: readonly IgnitionUnitConfig[] };
}

interface IgnitionUserConfig {
  readonly name: string;
  readonly groups?: readonly string[];
  readonly homeDir?: string;
  readonly noCreateHome?: boolean;
  readonly shell?: string;
  readonly sshAuthorizedKeys?: readonly string[];
  readonly system?: boolean;
  readonly uid?: number;
}

interface IgnitionFileConfig extends Owned {
  readonly mode: number;
  readonly overwrite?: boolean;
  readonly contents: { readonly source: string; readonly verification?: { readonly hash: string } };
}

interface IgnitionFilesystemConfig {
  readonly device: string;
  readonly format: string;
  readonly label: string;
  readonly path: string;
  readonly wipeFilesystem: boolean;
}

interface IgnitionUnitConfig {
  readonly name: string;
  readonly contents?: string;
  readonly dropins?: readonly { readonly name: string; readonly contents: string }[];
  readonly enabled?: boolean;
  readonly mask?: boolean;
}

/** What of a document the data sources cannot say: they know owners by number only, and nothing newer than 3.1.0. */
export function ignitionProviderLacks(document: IgnitionDocument): string[] {
  const { directories = [], files = [], links = [] } = document.storage ?? {};
  return [
    ...(document.kernelArguments === undefined ? [] : ['kernel arguments']),
    ...[...directories, ...files, ...links]
      .filter(({ user, group }) => user !== undefined || group !== undefined)
      .map(({ path }) => `the owner of '${path}'`),
  ];
}

/**
 * A document made of data sources: one for each distinct file, unit and so on of the whole stack, however many machines
 * have it.
 *
 * @param id of the data source that puts the parts together, one for each machine
 * @returns expression for the document's text
 */
export function ignitionDocument(scope: Construct, id: string, document: IgnitionDocument): string {
  const stack = CloudlessStack.of(scope);
  const parts = (stack.node.tryFindChild('ignition') as Construct | undefined) ?? sharedParts(stack);
  const each = <T extends object>(
    kind: string,
    list: readonly T[] = [],
    make: (partId: string, part: T) => { readonly rendered: string },
  ): string[] =>
    list.map((part) => {
      const partId = `${kind}-${Digest.ofBytes(JSON.stringify(part)).short}`;
      const there = parts.node.tryFindChild(partId) as { readonly rendered: string } | undefined;
      return (there ?? make(partId, part)).rendered;
    });
  const { directories, files, filesystems, links } = document.storage ?? {};
  const config = new DataIgnitionConfig(scope, id, {
    directories: each(
      'directory',
      directories,
      (partId, { path, mode }) =>
        new DataIgnitionDirectory(parts, partId, { path: escapeTemplate(path), mode }),
    ),
    files: each('file', files, (partId, file) => ignitionFile(parts, partId, file)),
    filesystems: each(
      'filesystem',
      filesystems,
      (partId, { wipeFilesystem, ...filesystem }) =>
        new DataIgnitionFilesystem(parts, partId, { ...filesystem, wipeFilesystem }),
    ),
    links: each(
      'link',
      links,
      (partId, { path, target, overwrite }) =>
        new DataIgnitionLink(parts, partId, {
          path: escapeTemplate(path),
          target: escapeTemplate(target),
          overwrite,
        }),
    ),
    systemd: each('unit', document.systemd?.units, (partId, unit) => ignitionUnit(parts, partId, unit)),
    users: each(
      'user',
      document.passwd?.users,
      (partId, { groups, sshAuthorizedKeys, ...user }) =>
        new DataIgnitionUser(parts, partId, {
          ...user,
          groups: groups && [...groups],
          sshAuthorizedKeys: sshAuthorizedKeys?.map(escapeTemplate),
        }),
    ),
  });
  return config.rendered;
}

function sharedParts(stack: CloudlessStack): Construct {
  const parts = new Construct(stack, 'ignition');
  new IgnitionProvider(parts, 'provider');
  return parts;
}

/** What the provider says itself of a text, so that the text can be read in the stack's JSON and in plans. */
const TEXT = 'data:text/plain;charset=utf-8;base64,';

function ignitionFile(scope: Construct, id: string, file: IgnitionFileConfig): DataIgnitionFile {
  const { path, mode, overwrite, contents } = file;
  const { source, verification } = contents;
  return new DataIgnitionFile(scope, id, {
    path: escapeTemplate(path),
    mode,
    overwrite,
    ...(source.startsWith(TEXT)
      ? { content: { content: escapeTemplate(Buffer.from(source.slice(TEXT.length), 'base64').toString()) } }
      : { source: { source: escapeTemplate(source), verification: verification?.hash } }),
  });
}

function ignitionUnit(scope: Construct, id: string, unit: IgnitionUnitConfig): DataIgnitionSystemdUnit {
  const { name, contents, dropins = [], enabled = false, mask } = unit;
  return new DataIgnitionSystemdUnit(scope, id, {
    name: escapeTemplate(name),
    content: contents === undefined ? undefined : escapeTemplate(contents),
    enabled,
    mask,
    dropin: dropins.map((dropIn) => ({ name: dropIn.name, content: escapeTemplate(dropIn.contents) })),
  });
}
