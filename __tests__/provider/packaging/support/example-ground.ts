import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CatalogFixture } from '../../cloudless/support/catalog-fixture';
import { SshServer, webServer } from '../../cloudless/support/servers';
import { API_KEY, PowerDnsServer } from '../../support/power-dns-server';

/** What the examples of a provider need around them. */
export interface ExampleGround {
  readonly environment: Readonly<Record<string, string>>;
  /** Only the configuration knows some of it (paths of what a release was made from), so an import is followed by an apply. */
  readonly appliesAfterImport: boolean;
  /** Puts the files that an example names into its directory. */
  prepare(directory: string): Promise<void>;
  /** What is left where it should not be, after the destruction of an example. */
  left(directory: string): Promise<readonly string[]>;
  remove(): void;
}

async function powerDnsGround(): Promise<ExampleGround> {
  const server = await PowerDnsServer.start();
  return {
    appliesAfterImport: false,
    environment: { PDNS_SERVER_URL: server.url, PDNS_API_KEY: API_KEY },
    prepare: () => Promise.resolve(),
    async left() {
      const zones = await fetch(`${server.url}/api/v1/servers/localhost/zones`, {
        headers: { 'x-api-key': API_KEY },
      });
      return ((await zones.json()) as { name: string }[]).map(({ name }) => name);
    },
    remove: () => server.remove(),
  };
}

/** A directory with a catalog of two releases and what a pipeline has built, and a machine that answers. */
async function cloudlessGround(): Promise<ExampleGround> {
  const fixture = new CatalogFixture();
  await fixture.releases([{ version: '1.2.0' }, { version: '1.3.0', channel: 'stable' }]);
  const files: Record<string, string | Buffer> = {
    'images/catalog.json': readFileSync(fixture.catalog),
    'store/debian-12-1.3.0.qcow2': readFileSync(join(fixture.directory, 'store/debian-12-1.3.0.qcow2')),
    'build/debian-12.raw': 'a disk',
    'build/debian-12.vmdk': 'the same disk',
    'build/debian-12.cdx.json': '{}',
  };
  const ssh = await SshServer.start(fixture.directory);
  const web = await webServer((_request, response) => response.end('ok'));
  return {
    appliesAfterImport: true,
    environment: {
      TF_VAR_address: '127.0.0.1',
      TF_VAR_host_key: ssh.hostKey,
      TF_VAR_ports: JSON.stringify({ ssh: ssh.port, http: web.port }),
    },
    prepare(directory) {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), content);
      }
      return Promise.resolve();
    },
    left: () => Promise.resolve([]),
    remove() {
      ssh.stop();
      web.close();
      fixture.remove();
    },
  };
}

/** By the type of the provider: which programs its examples need, and their ground. */
export const EXAMPLE_GROUNDS: Readonly<
  Record<string, { readonly needs: readonly string[]; readonly make: () => Promise<ExampleGround> }>
> = {
  powerdns: { needs: ['pdns_server'], make: powerDnsGround },
  cloudless: { needs: ['ssh-keygen', 'ssh', 'sshd'], make: cloudlessGround },
};
