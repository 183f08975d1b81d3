import { checkPrimeSync, createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';

/** An RSA key pair in PEM. */
export interface RsaKeyPair {
  /** PKCS #1, `BEGIN RSA PRIVATE KEY`. */
  readonly privateKey: string;
  /** SubjectPublicKeyInfo, `BEGIN PUBLIC KEY`. */
  readonly publicKey: string;
}

const EXPONENT = 65537n;
const PRIME_BITS = 1024;

/**
 * An RSA key of 2048 bits that follows from a secret: for programs that take no other kind of key and no seed. Primes are
 * searched as FIPS 186-5 A.1.3 does, with HKDF-SHA256 of the secret (RFC 5869) for the random bits.
 *
 * @param seed 32 secret bytes, for this key alone
 */
export function derivedRsaKey(seed: Buffer): RsaKeyPair {
  const p = prime(seed, 'p');
  const q = prime(seed, 'q');
  const n = p * q;
  const d = inverse(EXPONENT, lcm(p - 1n, q - 1n));
  const key = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: base64url(n),
      e: base64url(EXPONENT),
      d: base64url(d),
      p: base64url(p),
      q: base64url(q),
      dp: base64url(d % (p - 1n)),
      dq: base64url(d % (q - 1n)),
      qi: base64url(inverse(q, p)),
    },
  });
  return {
    privateKey: key.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** The first prime among numbers that follow from the seed, with the two highest bits set so that n has all of its bits. */
function prime(seed: Buffer, which: string): bigint {
  for (let attempt = 0; ; attempt++) {
    const bytes = Buffer.from(hkdfSync('sha256', seed, '', `rsa ${which} ${attempt}`, PRIME_BITS / 8));
    bytes[0] = (bytes[0] ?? 0) | 0xc0;
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) | 1;
    const candidate = BigInt(`0x${bytes.toString('hex')}`);
    if (gcd(candidate - 1n, EXPONENT) === 1n && checkPrimeSync(candidate)) return candidate;
  }
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

function lcm(a: bigint, b: bigint): bigint {
  return (a / gcd(a, b)) * b;
}

/** The number that times `value` is 1 modulo `modulus`: extended Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [remainder, next] = [modulus, value % modulus];
  let [factor, nextFactor] = [0n, 1n];
  while (next !== 0n) {
    const quotient = remainder / next;
    [remainder, next] = [next, remainder - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  return ((factor % modulus) + modulus) % modulus;
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url');
}
