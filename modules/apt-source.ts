import { ValidationError } from '../lib/core/errors';
import type { GuestConfig } from '../lib/guest/guest-config';

export interface AptSourceProps {
  /** File name below `/etc/apt`, for example `salt`. */
  readonly name: string;
  /** For example `https://mirror.example.org/salt`. */
  readonly uri: string;
  /** For example `bookworm` or `stable`. */
  readonly suite: string;
  /** @default ['main'] */
  readonly components?: readonly string[];
  /** The key that signs it, armoured: `-----BEGIN PGP PUBLIC KEY BLOCK-----`. */
  readonly signingKey: string;
}

/** A repository of packages that Debian does not have, trusted for what its own key signs and for nothing else. */
export class AptSource {
  /** @throws ValidationError for a name, address or suite that would break its file, and for a key that is none */
  static of(props: AptSourceProps): AptSource {
    const { name, uri, suite, components = ['main'], signingKey } = props;
    const problems: string[] = [];
    if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
      problems.push(`name '${name}' must be lower case letters, digits and '-'; write for example 'salt'`);
    if (!URL.canParse(uri) || !/^https?:$/.test(new URL(uri).protocol) || /\s/.test(uri))
      problems.push(
        `'${uri}' is no https or http address; write for example 'https://mirror.example.org/salt'`,
      );
    else if (new URL(uri).username !== '')
      problems.push(`the address has a user in it, which would be readable in the machine; remove it`);
    for (const word of [suite, ...components])
      if (!/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(word))
        problems.push(`'${word}' is no suite or component; write for example 'stable' and 'main'`);
    if (
      !/^-----BEGIN PGP PUBLIC KEY BLOCK-----\n[\s\S]+-----END PGP PUBLIC KEY BLOCK-----\s*$/.test(signingKey)
    )
      problems.push(`the signing key is no armoured OpenPGP key; give the text of its .asc file`);
    if (problems.length > 0) throw new ValidationError(`apt source '${name}'`, problems);
    return new AptSource({ ...props, components });
  }

  private constructor(private readonly props: AptSourceProps & { readonly components: readonly string[] }) {}

  /** Adds it to a machine, before packages are installed. */
  addTo(guest: GuestConfig): void {
    const { name, uri, suite, components, signingKey } = this.props;
    const key = `/etc/apt/keyrings/cloudless-${name}.asc`;
    guest.addFile({ path: key, content: signingKey.endsWith('\n') ? signingKey : `${signingKey}\n` });
    guest.addFile({
      path: `/etc/apt/sources.list.d/cloudless-${name}.sources`,
      content: `Types: deb
URIs: ${uri}
Suites: ${suite}
Components: ${components.join(' ')}
Signed-By: ${key}
`,
    });
  }
}
