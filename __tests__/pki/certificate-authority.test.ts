import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { join } from 'node:path';
import { CertificateAuthority, CertificateUse, Duration, IpAddress, LockFile, SubjectName } from '../../lib';
import { environmentIn, onDay } from '../modules/support/stack-fixture';
import { temporaryDirectory } from '../support/site';

const request = {
  name: 'consul.servers-0.test.internal',
  names: [SubjectName.dns('server.dc1.consul'), SubjectName.address(IpAddress.of('10.20.0.7'))],
};

/** An authority as of a day, in a directory whose lock file and site key stay. */
function authorityIn(directory: string, day = '2026-11-21') {
  return onDay(day, () => {
    const environment = environmentIn({ directory });
    const authority = new CertificateAuthority(environment, 'ca');
    const issued = authority.issue(request);
    environment.lock.save({ complete: true });
    return { environment, authority, issued };
  });
}

/** What openssl says about a certificate. */
function openssl(certificate: string, ...words: readonly string[]): string {
  return execFileSync('openssl', ['x509', '-noout', ...words], { input: certificate, encoding: 'utf8' });
}

function verify(authority: string, certificate: string, ...words: readonly string[]): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'ca.pem'), authority);
  writeFileSync(join(directory, 'leaf.pem'), certificate);
  try {
    return execFileSync(
      'openssl',
      ['verify', '-x509_strict', '-CAfile', join(directory, 'ca.pem'), ...words, join(directory, 'leaf.pem')],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    ).trim();
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

const at = (day: string): string[] => ['-attime', String(Date.parse(day) / 1000)];

test('openssl accepts what it issues, for its names, its uses and its time alone', () => {
  const { authority, issued } = authorityIn(temporaryDirectory());
  const check = (...words: readonly string[]) => verify(authority.certificate, issued.certificate, ...words);
  const during = at('2027-06-01');
  expect(check(...during, '-verify_hostname', 'server.dc1.consul', '-purpose', 'sslserver')).toMatch(/: OK$/);
  expect(check(...during, '-verify_ip', '10.20.0.7', '-purpose', 'sslclient')).toMatch(/: OK$/);
  expect(check(...during, '-verify_hostname', 'client.dc1.consul')).toMatch(/hostname mismatch/i);
  expect(check(...during, '-purpose', 'smimesign')).toMatch(/unsuitable certificate purpose/i);
  expect(check(...at('2029-12-01'))).toMatch(/certificate has expired/);
  expect(check(...at('2026-11-20'))).toMatch(/not yet valid/);
  const { authority: foreign } = authorityIn(temporaryDirectory());
  expect(verify(foreign.certificate, issued.certificate, ...during)).toMatch(/verification failed/);
});

test('the key that comes with a certificate is its own, and each certificate has another', () => {
  const { authority, issued } = authorityIn(temporaryDirectory());
  const publicHalf = execFileSync('openssl', ['pkey', '-pubout'], {
    input: issued.privateKey,
    encoding: 'utf8',
  });
  expect(openssl(issued.certificate, '-pubkey')).toBe(publicHalf);
  const other = authority.issue({ ...request, name: 'consul.servers-1.test.internal' });
  expect(other.privateKey).not.toBe(issued.privateKey);
});

test('says exactly what a certificate is for, and never "any"', () => {
  const { authority, issued } = authorityIn(temporaryDirectory());
  const extensions = (certificate: string) =>
    openssl(certificate, '-ext', 'extendedKeyUsage,keyUsage,basicConstraints').replace(/\s+/g, ' ');
  expect(extensions(issued.certificate)).toContain(
    'TLS Web Server Authentication, TLS Web Client Authentication',
  );
  expect(extensions(issued.certificate)).toContain('CA:FALSE');
  const client = authority.issue({ ...request, name: 'reader', uses: [CertificateUse.CLIENT] });
  expect(extensions(client.certificate)).toMatch(/Extended Key Usage: TLS Web Client Authentication ?$/m);
  expect(extensions(authority.certificate)).toContain('critical CA:TRUE, pathlen:0');
});

test('gives the same bytes at every synth, on whichever day that is', () => {
  const directory = temporaryDirectory();
  const first = authorityIn(directory, '2026-11-21');
  const later = authorityIn(directory, '2027-08-01');
  expect(later.issued.certificate).toBe(first.issued.certificate);
  expect(later.issued.privateKey).toBe(first.issued.privateKey);
  expect(later.authority.certificate).toBe(first.authority.certificate);
});

test('is renewed by a change of the lock file: another key, another time, the same authority', () => {
  const directory = temporaryDirectory();
  const first = authorityIn(directory, '2026-11-21');
  const before = readFileSync(first.environment.lock.path, 'utf8');
  onDay('2027-08-01', () => {
    const lock = LockFile.open(first.environment.lock.path);
    lock.renewCertificates([`ca/${request.name}`]);
    expect(lock.difference()).toMatch(
      /^-.*"certificate\/ca\/consul\.servers-0\.test\.internal": \{ "issued": "2026-11-21" \}/m,
    );
    lock.save({ complete: false });
  });
  const changed = readFileSync(first.environment.lock.path, 'utf8').split('\n');
  expect(changed.filter((line) => !before.includes(line))).toEqual([
    `  "certificate/ca/${request.name}": { "issued": "2027-08-01" },`,
  ]);
  const renewed = authorityIn(directory, '2027-08-02');
  expect(renewed.issued.notBefore.toISOString()).toBe('2027-08-01T00:00:00.000Z');
  expect(renewed.issued.privateKey).not.toBe(first.issued.privateKey);
  expect(verify(first.authority.certificate, renewed.issued.certificate, ...at('2028-01-01'))).toMatch(/OK$/);
});

test('the certificate of the authority can be renewed without those it has issued', () => {
  const directory = temporaryDirectory();
  const first = authorityIn(directory, '2026-11-21');
  onDay('2030-01-01', () => {
    const lock = LockFile.open(first.environment.lock.path);
    lock.renewCertificates(['ca/']);
    lock.save({ complete: false });
  });
  const renewed = authorityIn(directory, '2030-01-02');
  expect(renewed.authority.certificate).not.toBe(first.authority.certificate);
  expect(verify(renewed.authority.certificate, first.issued.certificate, ...at('2030-06-01'))).toMatch(
    /certificate has expired/,
  );
  expect(verify(first.authority.certificate, renewed.issued.certificate, ...at('2028-01-01'))).toMatch(/OK$/);
});

test('what nobody asks for any more leaves the lock file', () => {
  const directory = temporaryDirectory();
  const { environment } = authorityIn(directory);
  expect(Object.keys(LockFile.open(environment.lock.path).certificates)).toEqual([
    'ca/',
    `ca/${request.name}`,
  ]);
  const next = environmentIn({ directory });
  new CertificateAuthority(next, 'ca');
  next.lock.save({ complete: true });
  expect(Object.keys(LockFile.open(environment.lock.path).certificates)).toEqual(['ca/']);
});

test('refuses certificates that end before their machines are replaced', () => {
  const make = () =>
    new CertificateAuthority(environmentIn(), 'ca', {
      leafValidity: Duration.days(30),
      replaceInterval: Duration.days(365),
    });
  expect(make).toThrow(/test\/ca: certificates are valid for 30d, and machines are replaced only every 365d/);
});

test('refuses certificates that outlive their authority', () => {
  const make = () => new CertificateAuthority(environmentIn(), 'ca', { validity: Duration.days(1000) });
  expect(make).toThrow(/valid for 1000d, less than the 1095d of what it issues/);
  const directory = temporaryDirectory();
  authorityIn(directory, '2026-11-21');
  const { issue } = onDay('2035-01-01', () => {
    const authority = new CertificateAuthority(environmentIn({ directory }), 'ca');
    return { issue: () => authority.issue({ ...request, name: 'late' }) };
  });
  expect(issue).toThrow(
    /would be valid until 2037-12-31, and the authority only until 2036-11-18; renew the authority: cloudless certificates renew test ca\//,
  );
});

test('refuses what would be a certificate for nobody, for nothing, or for everybody', () => {
  const { authority } = authorityIn(temporaryDirectory());
  expect(() => authority.issue({ name: 'a b', names: [], uses: [] })).toThrow(
    /'a b' has no names.*\n.*'a b' is for no use.*\n.*'a b' has a bad name/,
  );
  expect(() => authority.issue({ ...request, names: [SubjectName.dns('other.test.internal')] })).toThrow(
    /asked for with another content too/,
  );
  expect(() => SubjectName.dns('*.test.internal')).toThrow(/is a wildcard/);
});

test('printing a certificate does not show its key', () => {
  const { issued } = authorityIn(temporaryDirectory());
  expect(`${inspect(issued)} ${JSON.stringify(issued)} ${inspect({ ...issued })}`).not.toContain(
    'PRIVATE KEY',
  );
});
