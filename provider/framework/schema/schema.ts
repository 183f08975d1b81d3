/** How an author writes the attributes of a schema. */
import type { Attribute, AttributeOptions, Kind, KindTypes } from './attribute';

/** The configuration has to set it. */
export const required = <T extends KindTypes>(
  kind: Kind<T>,
  options: NoInfer<AttributeOptions<T>>,
): Attribute<T, 'required'> => ({ ...options, kind, mode: 'required' });

/** The configuration may set it; null otherwise. */
export const optional = <T extends KindTypes>(
  kind: Kind<T>,
  options: NoInfer<AttributeOptions<T>>,
): Attribute<T, 'optional'> => ({ ...options, kind, mode: 'optional' });

/** Only the provider sets it. */
export const computed = <T extends KindTypes>(
  kind: Kind<T>,
  options: NoInfer<AttributeOptions<T>>,
): Attribute<T, 'computed'> => ({ ...options, kind, mode: 'computed' });

/** The configuration may set it, else the provider does. */
export const optionalComputed = <T extends KindTypes>(
  kind: Kind<T>,
  options: NoInfer<AttributeOptions<T>>,
): Attribute<T, 'optional-computed'> => ({ ...options, kind, mode: 'optional-computed' });

/** The configuration may set it, else it has the given value. */
export const defaulted = <T extends KindTypes>(
  kind: Kind<T>,
  value: NoInfer<T['state']>,
  options: NoInfer<AttributeOptions<T>>,
): Attribute<T, 'defaulted'> => ({ ...options, kind, mode: 'defaulted', default: value });

/**
 * The configuration may set it, and it is stored nowhere: `create` and `update` find it in `config` of their
 * context, plan and state hold null (Terraform 1.11). For secrets.
 */
export const writeOnly = <T extends KindTypes>(
  kind: Kind<T>,
  options: NoInfer<AttributeOptions<T>>,
): Attribute<T, 'write-only'> => ({ ...options, kind, mode: 'write-only' });

/** The configuration has to set it, and it is stored nowhere; see {@link writeOnly}. */
export const requiredWriteOnly = <T extends KindTypes>(
  kind: Kind<T>,
  options: NoInfer<AttributeOptions<T>>,
): Attribute<T, 'required-write-only'> => ({ ...options, kind, mode: 'required-write-only' });
