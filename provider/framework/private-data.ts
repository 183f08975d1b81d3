import { parseJson } from './values/json';
import type { JsonObject, JsonValue } from './values/json';

/** Small facts that Terraform stores beside a resource, for the provider alone. Not for secrets: the state file is readable. */
export class PrivateData {
  private readonly entries: Map<string, JsonValue>;

  constructor(stored: Uint8Array = new Uint8Array()) {
    this.entries = new Map(Object.entries(parse(stored)));
  }

  /** What was remembered under a name; undefined when nothing was. */
  get(name: string): JsonValue | undefined {
    return this.entries.get(name);
  }

  set(name: string, value: JsonValue): void {
    this.entries.set(name, value);
  }

  delete(name: string): void {
    this.entries.delete(name);
  }

  toBytes(): Uint8Array {
    return this.entries.size === 0
      ? new Uint8Array()
      : Buffer.from(JSON.stringify(Object.fromEntries(this.entries)));
  }
}

function parse(stored: Uint8Array): JsonObject {
  if (stored.length === 0) return {};
  try {
    const parsed = parseJson(Buffer.from(stored).toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // not ours
  }
  return {}; // another provider wrote it, of which this resource was taken over
}
