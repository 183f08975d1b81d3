import { Construct } from 'constructs';
import { inspect } from 'node:util';
import { Duration } from '../core/duration';
import type { Environment } from '../core/environment';
import { ValidationError } from '../core/errors';
import type { SubjectName } from './subject-name';
import { CertificateUse, ed25519Key, signCertificate } from './x509';

export interface CertificateAuthorityProps {
  /** How long its own certificate is valid. @default Duration.days(3650) */
  readonly validity?: Duration;
  /** How long what it issues is valid, unless said otherwise. @default Duration.days(1095) */
  readonly leafValidity?: Duration;
  /**
   * The longest time after which every machine has been replaced. A machine gets its certificate when it is made: one that
   * ends before the machine is replaced would end the machine's work.
   * @default Duration.days(365)
   */
  readonly replaceInterval?: Duration;
}

export interface CertificateRequest {
  /** What it is recorded under, and the common name: one for each machine and purpose, at most 64 characters. */
  readonly name: string;
  readonly names: readonly SubjectName[];
  /** @default - server and client */
  readonly uses?: readonly CertificateUse[];
  /** @default - `leafValidity` of the authority */
  readonly validity?: Duration;
}

/** A certificate and its key. Printing it does not show the key. */
export class IssuedCertificate {
  readonly #privateKey: string;

  constructor(
    /** PEM. */
    readonly certificate: string,
    privateKey: string,
    readonly notBefore: Date,
    readonly notAfter: Date,
  ) {
    this.#privateKey = privateKey;
  }

  /** PEM (PKCS #8). A secret: for files that only the service reads. */
  get privateKey(): string {
    return this.#privateKey;
  }

  toJSON(): string {
    return this.certificate;
  }

  [inspect.custom](): string {
    return `IssuedCertificate(until ${this.notAfter.toISOString().slice(0, 10)})`;
  }
}

/**
 * A certificate authority of an environment. Its key follows from the site key and never leaves the synth; no machine and no
 * state has it. Certificates follow from the site key too, and from the day they were issued on, which the lock file records:
 * the same commit and site key give the same bytes. To issue one anew is a change of the lock file, and replaces the machine.
 */
export class CertificateAuthority extends Construct {
  /** What is trusted: PEM, for everybody to see. */
  readonly certificate: string;
  readonly replaceInterval: Duration;
  private readonly environment: Environment;
  private readonly leafValidity: Duration;
  private readonly notAfter: Date;
  private readonly issued = new Map<string, { request: string; certificate: IssuedCertificate }>();

  /** @throws ValidationError when certificates would end before machines are replaced, or after the authority's own */
  constructor(scope: Environment, id: string, props: CertificateAuthorityProps = {}) {
    super(scope, id);
    this.environment = scope;
    this.leafValidity = props.leafValidity ?? Duration.days(1095);
    this.replaceInterval = props.replaceInterval ?? Duration.days(365);
    const validity = props.validity ?? Duration.days(3650);
    const problems = this.leafProblems(this.leafValidity);
    if (validity.compareTo(this.leafValidity) < 0)
      problems.push(
        `the authority's own certificate is valid for ${validity}, less than the ${this.leafValidity} of what it issues; make it longer`,
      );
    if (problems.length > 0) throw new ValidationError(this, problems);
    const notBefore = dayOf(scope.lock.issuedOn(id));
    this.notAfter = later(notBefore, validity);
    this.certificate = signCertificate({
      commonName: this.commonName,
      issuer: this.commonName,
      organisation: scope.domain.toString(),
      subjectKey: this.key(),
      issuerKey: this.key(),
      notBefore,
      notAfter: this.notAfter,
    });
  }

  /**
   * The certificate of a name, with a key of its own. Asked again for the same, it gives the same.
   *
   * @throws ValidationError when it is for nobody or no use, shorter than the replace interval, longer than the authority's
   * own, or asked for with another content before
   */
  issue(request: CertificateRequest): IssuedCertificate {
    const { name, names, uses = [CertificateUse.SERVER, CertificateUse.CLIENT] } = request;
    const validity = request.validity ?? this.leafValidity;
    const content = JSON.stringify([names.map(String), uses, validity]);
    const before = this.issued.get(name);
    if (before?.request === content) return before.certificate;
    const problems = this.leafProblems(validity);
    if (before)
      problems.push(`certificate '${name}' was asked for with another content too; give each its own name`);
    if (names.length === 0)
      problems.push(`certificate '${name}' has no names, and no program would accept it; give 'names'`);
    if (uses.length === 0)
      problems.push(`certificate '${name}' is for no use; give CertificateUse.SERVER or CLIENT`);
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(name))
      problems.push(
        `certificate '${name}' has a bad name: at most 64 letters, digits, '.' and '-'; shorten it`,
      );
    if (problems.length > 0) throw new ValidationError(this, problems);
    const issued = this.environment.lock.issuedOn(this.node.id, name);
    const notBefore = dayOf(issued);
    const notAfter = later(notBefore, validity);
    if (notAfter > this.notAfter)
      throw new ValidationError(
        this,
        `certificate '${name}' would be valid until ${day(notAfter)}, and the authority only until ${day(this.notAfter)}; renew the authority: cloudless certificates renew ${this.environment.environmentName} ${this.node.id}/`,
      );
    // With the day: what is issued anew has a new key.
    const key = this.key(name, issued);
    const certificate = new IssuedCertificate(
      signCertificate({
        commonName: name,
        issuer: this.commonName,
        organisation: this.environment.domain.toString(),
        subjectKey: key,
        issuerKey: this.key(),
        notBefore,
        notAfter,
        leaf: { names, uses },
      }),
      key.export({ type: 'pkcs8', format: 'pem' }) as string,
      notBefore,
      notAfter,
    );
    this.issued.set(name, { request: content, certificate });
    return certificate;
  }

  private get commonName(): string {
    return `${this.node.id} ${this.environment.environmentName}`;
  }

  private leafProblems(validity: Duration): string[] {
    return validity.compareTo(this.replaceInterval) < 0
      ? [
          `certificates are valid for ${validity}, and machines are replaced only every ${this.replaceInterval}; make them valid for longer, or replace machines more often`,
        ]
      : [];
  }

  /** The authority's own key, which is the same in each of its certificates; or that of a certificate. */
  private key(...names: readonly string[]) {
    const { siteKey, environmentName } = this.environment;
    return ed25519Key(siteKey.derive('certificate-key-ed25519', environmentName, this.node.id, ...names));
  }
}

function dayOf(text: string): Date {
  return new Date(`${text}T00:00:00Z`);
}

function later(date: Date, duration: Duration): Date {
  return new Date(date.getTime() + duration.toMilliseconds());
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
