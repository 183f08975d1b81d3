import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { powerDnsProvider } from '../../../provider/powerdns/powerdns-provider';
import type { PowerDnsProviderOptions } from '../../../provider/powerdns/powerdns-provider';
import { FaultyProxy } from './faulty-proxy';
import { API_KEY, PowerDnsServer } from './power-dns-server';
import type { Backend } from './power-dns-server';

export const ZONE = 'lab.internal.';

/** A workspace whose provider speaks to a server. */
function attachTo(
  url: string,
  environment: Record<string, string> = {},
  options: PowerDnsProviderOptions = {},
): Promise<Workspace> {
  return attach(
    powerDnsProvider({
      environment: { PDNS_SERVER_URL: url, PDNS_API_KEY: API_KEY, ...environment },
      ...options,
    }),
  );
}

/** What each test of a suite has that needs nothing between the provider and its server. */
export interface ProviderSuite {
  /** One for all tests. */
  readonly server: PowerDnsServer;
  /** With the provider attached; new for each test, and what it made is destroyed after it. */
  readonly workspace: Workspace;
  /** Another workspace in the place of the one there is, with other variables of the environment. */
  use(environment: Record<string, string>): Promise<void>;
}

/** A server for the suite and a workspace for each test. */
export function providerSuite(backend: Backend = 'lmdb'): ProviderSuite {
  let server: PowerDnsServer;
  let workspace: Workspace;
  beforeAll(async () => {
    server = await PowerDnsServer.start(backend);
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    workspace = await attachTo(server.url);
  });
  afterEach(async () => {
    await workspace.terraform('destroy', '-auto-approve');
    workspace.close();
  });
  return {
    get server() {
      return server;
    },
    get workspace() {
      return workspace;
    },
    async use(environment) {
      workspace.close();
      workspace = await attachTo(server.url, environment);
    },
  };
}

/** What each test of a suite has that looks at the way between the provider and its server. */
export interface PowerDnsSuite {
  /** One for all tests. */
  readonly server: PowerDnsServer;
  /** Between the provider and the server; new for each test. */
  readonly proxy: FaultyProxy;
  /** With the provider attached; new for each test. */
  workspace: Workspace;
  /** Another workspace in the place of the one there is, for example with another key. */
  use(environment: Record<string, string>, options?: PowerDnsProviderOptions): Promise<void>;
}

/** A server for the suite; for each test a proxy before it, an empty zone `lab.internal.` and a workspace. */
export function powerDnsSuite(
  backend: Backend = 'lmdb',
  options: PowerDnsProviderOptions = {},
): PowerDnsSuite {
  let server: PowerDnsServer;
  let proxy: FaultyProxy;
  let workspace: Workspace;
  beforeAll(async () => {
    server = await PowerDnsServer.start(backend);
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    await server.createZone(ZONE);
    proxy = await FaultyProxy.before(server.url);
    workspace = await attachTo(proxy.url, {}, options);
  });
  afterEach(async () => {
    workspace.close();
    proxy.close();
    await server.api('DELETE', `/zones/${ZONE}`);
  });
  return {
    get server() {
      return server;
    },
    get proxy() {
      return proxy;
    },
    get workspace() {
      return workspace;
    },
    async use(environment, more) {
      workspace.close();
      workspace = await attachTo(proxy.url, environment, { ...options, ...more });
    },
  };
}
