const TEXT = 'data:text/plain;charset=utf-8;base64,';
const BYTES = 'data:;base64,';

/** A content as `data:` URL (RFC 2397), in the form that the Terraform provider gives text. */
export function dataUrl(content: string | Buffer): string {
  return `${typeof content === 'string' ? TEXT : BYTES}${Buffer.from(content).toString('base64')}`;
}
