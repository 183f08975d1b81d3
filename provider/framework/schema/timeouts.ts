import type { Attribute } from './attribute';
import { problemWithDuration } from './duration';
import { nested, string } from './kind';
import type { Nested } from './kind';
import { optional } from './schema';

type Operation = 'create' | 'read' | 'update' | 'delete' | 'open';
type Limits<Operations> = Nested<{
  readonly [Name in keyof Operations]: ReturnType<typeof limit>;
}>;

const limit = (operation: string, usual: string) =>
  optional(string, {
    description: `How long ${operation} may take, for example \`90s\` or \`1h30m\`. Default: \`${usual}\`.`,
    validate: problemWithDuration,
  });

/**
 * An attribute for the time limits of operations, with their defaults: `timeouts({ create: '20m' })`. The signal in the
 * context of the operation is aborted when the time is over; nothing else has to be done.
 */
export function timeouts<const Operations extends Partial<Record<Operation, string>>>(
  defaults: Operations,
): Attribute<Limits<Operations>, 'optional'> {
  const attributes = Object.fromEntries(
    Object.entries(defaults).map(([operation, usual]) => [operation, limit(operation, usual)]),
  ) as { [Name in keyof Operations]: ReturnType<typeof limit> };
  return {
    ...optional(nested(attributes), { description: 'How long operations may take.' }),
    timeouts: { ...defaults },
  } as unknown as Attribute<Limits<Operations>, 'optional'>;
}
