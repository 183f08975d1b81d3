import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificate } from '../../../provider/framework/serve/certificate';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { powerDnsSuite } from '../support/power-dns-suite';
import { TlsProxy } from '../support/tls-proxy';

const RECORD = `resource "powerdns_record" "web" {
  count   = 20
  zone    = "lab.internal."
  name    = "web-\${count.index}.lab.internal."
  type    = "A"
  ttl     = 60
  records = ["10.20.0.7"]
}
`;

describeWith(['terraform', 'pdns_server'], 'a PowerDNS behind a proxy that speaks TLS', () => {
  const lab = powerDnsSuite('lmdb', { retry: { limitMs: 500, firstPauseMs: 20, longestPauseMs: 100 } });
  const [authority, client] = [makeCertificate(), makeCertificate()];
  const open: TlsProxy[] = [];
  afterEach(() => {
    for (const proxy of open.splice(0)) proxy.close();
  });

  async function proxy(demanded?: typeof client): Promise<TlsProxy> {
    const made = await TlsProxy.before(lab.server.url, authority, demanded);
    open.push(made);
    return made;
  }

  /** A file in the workspace. */
  function file(name: string, content: string): string {
    const path = join(lab.workspace.directory, name);
    writeFileSync(path, content);
    return path;
  }

  const run = async (command: 'plan' | 'apply') => {
    const approve = command === 'apply' ? ['-auto-approve'] : [];
    const { code, output } = await lab.workspace.terraform(command, '-no-color', ...approve);
    return { code, output: flatten(output) };
  };

  test('is trusted by the authority that is named, as text or as a file, over few connections', async () => {
    const secure = await proxy();
    await lab.use({ PDNS_SERVER_URL: secure.url, PDNS_CACERT: authority.certificatePem });
    lab.workspace.configure(RECORD);
    await lab.workspace.apply();
    await lab.use({});
    const ca = file('ca.pem', authority.certificatePem);
    lab.workspace.configure(
      `provider "powerdns" {\n  server_url = "${secure.url}"\n  ca_certificate = "${ca}"\n}\n${RECORD}`,
    );
    expect((await run('plan')).output).toContain('20 to add'); // a new workspace, of an empty state
    expect(secure.requests).toBeGreaterThan(1);
    expect(secure.connections).toBeLessThanOrEqual(secure.requests);
  });

  test('is not trusted otherwise, and the words say so', async () => {
    const secure = await proxy();
    await lab.use({ PDNS_SERVER_URL: secure.url });
    lab.workspace.configure(RECORD);
    const { code, output } = await run('apply');
    expect(code).toBe(1);
    expect(output).toMatch(/PowerDNS cannot be reached.*self-signed certificate/);
    expect(secure.requests).toBe(0);
  });

  test('is believed whatever it shows only with a warning in each run', async () => {
    const secure = await proxy();
    await lab.use({ PDNS_SERVER_URL: secure.url });
    lab.workspace.configure(`provider "powerdns" {\n  insecure_https = true\n}\n${RECORD}`);
    expect(await lab.workspace.apply()).toContain('The certificate of the PowerDNS server is not checked');
    await lab.use({ PDNS_SERVER_URL: secure.url, PDNS_INSECURE_HTTPS: 'perhaps' });
    lab.workspace.configure(RECORD);
    expect((await run('plan')).output).toContain('PDNS_INSECURE_HTTPS is neither true nor false');
  });

  test('lets in who shows the certificate it demands, and nobody else', async () => {
    const secure = await proxy(client);
    const given = (certificate: typeof client) => ({
      PDNS_SERVER_URL: secure.url,
      PDNS_CACERT: authority.certificatePem,
      PDNS_CLIENT_CERT_FILE: file('client.crt', certificate.certificatePem),
      PDNS_CLIENT_CERT_KEY_FILE: file('client.key', certificate.privateKeyPem),
    });
    const [ca, crt, key] = [
      file('ca.pem', authority.certificatePem),
      file('client.crt', client.certificatePem),
      file('client.key', client.privateKeyPem),
    ];
    const block = `provider "powerdns" {
      server_url           = "${secure.url}"
      ca_certificate       = "${ca}"
      client_cert_file     = "${crt}"
      client_cert_key_file = "${key}"
    }\n`;
    lab.workspace.configure(block + RECORD);
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
    const answered = secure.requests;
    expect(answered).toBeGreaterThan(0);

    await lab.use({ PDNS_SERVER_URL: secure.url, PDNS_CACERT: authority.certificatePem });
    lab.workspace.configure(RECORD);
    expect((await run('apply')).code).toBe(1);
    const environment = given(makeCertificate());
    await lab.use(environment);
    file('client.crt', client.certificatePem);
    lab.workspace.configure(RECORD);
    expect((await run('apply')).code).toBe(1);
    expect(secure.requests).toBe(answered);
  });

  test.each([
    ['ca_certificate = "/nowhere/ca.pem"', 'ca_certificate', '/nowhere/ca.pem: there is no such file'],
    ['ca_certificate = "-----BEGIN CERTIFICATE-----nonsense"', 'ca_certificate', 'cannot be used'],
    ['client_cert_file = "/etc/hostname"', 'client_cert_file', 'client_cert_key_file is not'],
    ['client_cert_key_file = "/etc/hostname"', 'client_cert_key_file', 'client_cert_file is not'],
    [
      'client_cert_file = "/etc/hostname"\nclient_cert_key_file = "/etc/hostname"',
      'client_cert_file',
      'there is no certificate in it',
    ],
  ])('refuses %s', async (attributes, attribute, words) => {
    lab.workspace.configure(
      `provider "powerdns" {\n  server_url = "https://localhost:1"\n${attributes}\n}\n${RECORD}`,
    );
    const { code, output } = await run('plan');
    expect(code).toBe(1);
    expect(output).toContain(words);
    expect(output).toMatch(new RegExp(`in provider "powerdns": \\d+: ${attribute} = `));
  });

  test('a certificate that is made in the same run need not be known at plan', async () => {
    const secure = await proxy();
    await lab.use({ PDNS_SERVER_URL: secure.url });
    lab.workspace.configure(`
      resource "terraform_data" "authority" {
        input = ${JSON.stringify(authority.certificatePem)}
      }
      provider "powerdns" {
        ca_certificate = terraform_data.authority.output
      }
      ${RECORD}`);
    await lab.workspace.terraform('init');
    await lab.workspace.apply();
    expect(await lab.workspace.planIsEmpty()).toBe(true);
  });
});
