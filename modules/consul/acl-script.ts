export const ACL_DIRECTORY = '/etc/consul.d/acl';

/**
 * Makes the policies and tokens of the cluster, on every server after every start: what is there stays, and rules are set to
 * what they should be. The tokens are known before: they follow from the site key.
 */
export function aclScript(program: string): string {
  return `#!/bin/sh
set -u
consul=${program}
directory=${ACL_DIRECTORY}
set -a
. /etc/consul.d/cli.env
set +a

until "$consul" operator raft list-peers > /dev/null 2>&1; do
  sleep 3
done

failed=0
while read -r name accessor secret; do
  rules="$directory/$name.json"
  "$consul" acl policy update -name "$name" -rules "@$rules" > /dev/null 2>&1 ||
    "$consul" acl policy create -name "$name" -rules "@$rules" > /dev/null 2>&1
  # Another server may be doing the same at this moment; that the token is there in the end counts.
  "$consul" acl token read -accessor-id "$accessor" > /dev/null 2>&1 ||
    "$consul" acl token create -accessor "$accessor" -secret "$secret" -policy-name "$name" -description "$name" > /dev/null 2>&1 ||
    "$consul" acl token read -accessor-id "$accessor" > /dev/null || failed=1
done < "$directory/tokens"
exit $failed
`;
}
