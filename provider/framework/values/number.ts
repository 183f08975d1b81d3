import { Decimal } from './value';
import type { TerraformNumber } from './value';

/** The mantissa and the power of ten of a decimal text. */
function parseDecimal(text: string): { digits: bigint; exponent: number } {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!match) throw new Error(`'${text}' is no decimal number`);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  return { digits: sign === '-' ? -digits : digits, exponent: Number(exponent) - fraction.length };
}

/** The exact value of a finite double as mantissa times a power of two. */
function parseDouble(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  return { mantissa: bits >> 63n ? -mantissa : mantissa, exponent: (biased === 0 ? 1 : biased) - 1075 };
}

function isExact(text: string, double: number): boolean {
  if (!Number.isFinite(double)) return false;
  let { digits: left, exponent: tens } = parseDecimal(text);
  let { mantissa: right, exponent: twos } = parseDouble(double);
  // A double has at most 1075 binary places, so a decimal with a larger exponent is never exact.
  if (Math.abs(tens) > 1100) return false;
  if (tens > 0) left *= 10n ** BigInt(tens);
  else right *= 10n ** BigInt(-tens);
  tens = 0;
  if (twos > 0) right *= 2n ** BigInt(twos);
  else left *= 2n ** BigInt(-twos);
  twos = 0;
  return left === right;
}

/** Reads a decimal text into the smallest form that holds it without loss. */
export function numberFromText(text: string): TerraformNumber {
  const { digits, exponent } = parseDecimal(text);
  if (digits === 0n) return 0;
  if (Math.abs(exponent) <= 1100) {
    const power = 10n ** BigInt(Math.abs(exponent));
    if (exponent >= 0 || digits % power === 0n) {
      return numberFromInteger(exponent >= 0 ? digits * power : digits / power);
    }
  }
  const double = Number(text);
  return isExact(text, double) ? double : new Decimal(text);
}

/** A big integer, or the JavaScript number where that is exact. */
export function numberFromInteger(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
}

/** Tells whether two numbers are the same, however they are held. */
export function numbersEqual(left: TerraformNumber, right: TerraformNumber): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left === right;
  if (left instanceof Decimal && right instanceof Decimal) {
    const a = parseDecimal(left.text);
    const b = parseDecimal(right.text);
    const low = Math.min(a.exponent, b.exponent);
    if (Math.max(a.exponent, b.exponent) - low > 2200) return false;
    return a.digits * 10n ** BigInt(a.exponent - low) === b.digits * 10n ** BigInt(b.exponent - low);
  }
  if (left instanceof Decimal || right instanceof Decimal) return false;
  return BigInt(left) === BigInt(right);
}
