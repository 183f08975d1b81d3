/**
 * What an operator runs once on one server. It shows secrets, so it shows them to a person at a terminal, or encrypted with
 * PGP keys, and to nobody else.
 */
export function initScript(program: string, config: string): string {
  return `#!/bin/sh
# vault-init [options of 'operator init', for example -key-shares=3 -key-threshold=2 -pgp-keys=a.asc,b.asc,c.asc]
# Begins the store of this cluster. What it says is shown once and kept nowhere.
set -eu
encrypted=no
for option in "$@"; do
  case $option in *pgp-keys=*) encrypted=yes ;; esac
done
if [ ! -t 1 ] && [ $encrypted = no ]; then
  echo 'the output holds the keys of the store: run it at a terminal, or give PGP keys' >&2
  exit 1
fi
set -a
. ${config}/cli.env
set +a
if ${program} operator init -status > /dev/null 2>&1; then
  echo 'this cluster has been initialised already' >&2
  exit 1
fi
exec ${program} operator init "$@"
`;
}
