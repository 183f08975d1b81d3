import type { ImageFacts } from './catalog';

/** Namespace of what Cloudless writes into a domain's XML. */
export const RECORD_NAMESPACE = 'urn:cloudless:image:1';

/** Which image a machine was made from, as its domain says. */
export interface ImageRecord {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the image's file, as `sha256:<hex>`. */
  readonly digest: string;
  /** Commit of a release. */
  readonly commit?: string;
  /** Time of that commit, ISO 8601. */
  readonly built?: string;
  /** Digest of the definition. */
  readonly definition?: string;
  /** Digest of the software bill of materials in the image's store. */
  readonly sbom?: string;
}

const FIELDS = ['name', 'version', 'digest', 'commit', 'built', 'definition', 'sbom'] as const;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** The record of an image as an XML element, `<cloudless:image … />`. */
export function formatImageRecord(image: ImageFacts): string {
  const record: ImageRecord = {
    name: image.imageName,
    version: image.version,
    digest: image.digest.toString(),
    commit: image.commit,
    built: image.builtAt,
    definition: image.definition?.toString(),
    sbom: image.sbomDigest?.toString(),
  };
  const attributes = FIELDS.flatMap((field) => {
    const value = record[field];
    return value === undefined
      ? []
      : [`${field}="${value.replace(/[&<>"']/g, (each) => ENTITIES[each] ?? '')}"`];
  });
  return `<cloudless:image xmlns:cloudless="${RECORD_NAMESPACE}" ${attributes.join(' ')}/>`;
}

/**
 * The record in the XML of a domain: an element in its metadata, or the text of its description. Undefined when there is
 * none that names image, version and digest.
 */
export function imageRecordIn(domainXml: string): ImageRecord | undefined {
  const description = /<description>([\s\S]*?)<\/description>/.exec(domainXml)?.[1] ?? '';
  const metadata = /<metadata>([\s\S]*?)<\/metadata>/.exec(domainXml)?.[1] ?? '';
  for (const text of [metadata, unescaped(description)]) {
    const element = /<cloudless:image\b([^>]*)>/.exec(text)?.[1];
    if (element === undefined) continue;
    const found = FIELDS.flatMap((field) => {
      const value = new RegExp(`\\s${field}=(?:"([^"]*)"|'([^']*)')`).exec(element);
      return value ? [[field, unescaped(value[1] ?? value[2] ?? '')] as const] : [];
    });
    const record = Object.fromEntries(found) as Partial<ImageRecord>;
    const { name, version, digest } = record;
    if (name && version && digest) return { ...record, name, version, digest };
  }
  return undefined;
}

/** Text of an XML attribute or element, its entities resolved. */
function unescaped(text: string): string {
  const characters = Object.fromEntries(
    Object.entries(ENTITIES).map(([character, entity]) => [entity, character]),
  );
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (entity) => characters[entity] ?? '');
}
