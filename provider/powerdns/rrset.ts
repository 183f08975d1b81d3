/** Zones and RRsets as the API has them. */

/** What tells the RRsets of a zone apart. */
export interface RRsetKey {
  readonly name: string;
  readonly type: string;
}

/** A set of records of one name and type. */
export interface RRset extends RRsetKey {
  readonly ttl: number;
  readonly records: readonly { readonly content: string; readonly disabled: boolean }[];
  /** Absent in a change: they are left as they are. */
  readonly comments?: readonly RRsetComment[];
}

/** Text kept beside an RRset; only some backends can. */
export interface RRsetComment {
  readonly content: string;
  readonly account: string;
  /** Seconds since 1970. Absent in a change: the time of the change. */
  readonly modified_at?: number;
}

export type RRsetChange =
  | ({ readonly changetype: 'REPLACE' } & RRset)
  | { readonly changetype: 'DELETE'; readonly name: string; readonly type: string };

/** The settings of a zone that the API lets change. */
export interface ZoneSettings {
  readonly kind: string;
  readonly account: string;
  readonly masters: readonly string[];
  readonly soa_edit_api: string;
}

/** A zone with the RRsets that were asked for. */
export interface Zone extends ZoneSettings {
  readonly name: string;
  readonly rrsets: readonly RRset[];
}

/** One text for each RRset of a zone, whatever the spelling. */
export function keyOf({ name, type }: RRsetKey): string {
  return `${name.toLowerCase()} ${type.toUpperCase()}`;
}
