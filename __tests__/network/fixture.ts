import { join } from 'node:path';
import { App } from 'cdktf';
import { Environment, Fqdn, Hypervisor, LibvirtUri } from '../../lib';
import { temporaryDirectory } from '../support/site';
import { TestSite } from '../support/site';

/** A site with a second hypervisor, for networks that span both. */
export function twoHypervisors(): { site: TestSite; hypervisors: Hypervisor[] } {
  const site = new TestSite();
  const second = new Hypervisor(site.environment, 'kvm2', {
    uri: LibvirtUri.socket('/run/kvm2/libvirt-sock'),
  });
  return { site, hypervisors: [site.hypervisor, second] };
}

/** Two environments of one app, with a hypervisor each. */
export function twoEnvironments(): { app: App; north: Hypervisor; south: Hypervisor } {
  const directory = temporaryDirectory();
  const app = new App({ outdir: join(directory, 'cdktf.out') });
  const hypervisor = (name: string): Hypervisor => {
    const environment = new Environment(app, name, {
      domain: Fqdn.of(`${name}.internal`),
      lockFile: join(directory, `${name}.lock.json`),
      siteKeyFile: join(directory, `${name}.key`),
    });
    return new Hypervisor(environment, `${name}-kvm`, {
      uri: LibvirtUri.socket(`/run/${name}/libvirt-sock`),
    });
  };
  return { app, north: hypervisor('north'), south: hypervisor('south') };
}

/** What an action throws, as text. */
export function message(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}
