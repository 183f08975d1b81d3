/** LOC (RFC 1876): where something is. */
import { ContentProblem } from './content-fields';

const FORM =
  "'51 56 0.123 N 5 54 0.000 E 4.00m 1.00m 10000.00m 10.00m': latitude, longitude, altitude, size, precisions";
const PATTERN =
  /^(\d{1,2})(?:\s+(\d{1,2})(?:\s+(\d{1,2}(?:\.\d+)?))?)?\s+([NS])\s+(\d{1,3})(?:\s+(\d{1,2})(?:\s+(\d{1,2}(?:\.\d+)?))?)?\s+([EW])\s+(-?\d+(?:\.\d+)?)m?(?:\s+(\d+(?:\.\d+)?)m?)?(?:\s+(\d+(?:\.\d+)?)m?)?(?:\s+(\d+(?:\.\d+)?)m?)?$/i;

/** Decimal digits without rounding: what a record holds is cut off. */
const scaled = (text: string, digits: number) => {
  const [whole = '', fraction = ''] = text.split('.');
  return Number(whole + fraction.padEnd(digits, '0').slice(0, digits));
};

/** An angle the way the server prints it from thousandths of a second of arc: `56 0.000` comes out as `55 60.000`. */
function angle(
  [degrees, minutes = '0', seconds = '0']: readonly [string, string?, string?],
  limit: number,
  content: string,
): { text: string; zero: boolean } {
  const thousandths = (Number(degrees) * 60 + Number(minutes)) * 60_000 + scaled(seconds, 3);
  if (Number(minutes) > 59 || scaled(seconds, 3) >= 60_001 || thousandths > limit * 3_600_000) {
    throw new ContentProblem(`'${content}' has an angle out of its range`);
  }
  const value = thousandths / 3_600_000;
  const remainder = 60 * (value - Math.floor(value));
  const rest = (remainder - Math.floor(remainder)) * 60;
  return {
    text: `${Math.floor(value)} ${Math.floor(remainder)} ${rest.toFixed(3)}`,
    zero: thousandths === 0,
  };
}

/** A length in metres, of which a record keeps one digit and a power of ten. */
function length(text: string | undefined, absent: string, content: string): string {
  if (text === undefined) return absent;
  const centimetres = scaled(text, 2);
  if (centimetres > 9_000_000_000) throw new ContentProblem(`'${content}' has a length above 90000000 m`);
  const power = 10 ** Math.max(0, String(centimetres).length - 1);
  return `${((Math.floor(centimetres / power) * power) / 100).toFixed(2)}m`;
}

/** A location as the server prints it. @throws ContentProblem */
export function location(content: string): string {
  const match = PATTERN.exec(content.trim());
  if (!match) throw new ContentProblem(`'${content}' has to have the form ${FORM}`);
  const [, d1 = '', m1, s1, ns = '', d2 = '', m2, s2, ew = '', altitude = '', size, horizontal, vertical] =
    match;
  const latitude = angle([d1, m1, s1], 90, content);
  const longitude = angle([d2, m2, s2], 180, content);
  return [
    latitude.text,
    latitude.zero ? 'S' : ns.toUpperCase(),
    longitude.text,
    longitude.zero ? 'W' : ew.toUpperCase(),
    `${(scaled(altitude, 2) / 100).toFixed(2)}m`,
    length(size, '1.00m', content),
    length(horizontal, '10000.00m', content),
    length(vertical, '10.00m', content),
  ].join(' ');
}
