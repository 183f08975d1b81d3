import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BaseImage,
  DataDisk,
  ImageCatalog,
  RemoteSource,
  Size,
  VmPool,
  type GuestConfig,
  type GuestModule,
  type VmPoolProps,
} from '../../lib';
import { TestSite, writeCatalogOf } from '../support/site';

/** What differs between a provider and a renderer of our own, if anything does. */
const EVERYTHING: GuestModule = {
  moduleName: 'everything',
  bind(guest: GuestConfig) {
    guest.setTimeZone('Europe/Berlin');
    guest.setSysctl('vm.swappiness', 1);
    guest.addFile({ path: '/etc/app/config', content: 'costs ${5} and %{x}, "quoted" \\ ü\n', mode: '0640' });
    guest.addFile({ path: '/etc/app/empty', content: '' });
    guest.addFile({ path: '/etc/app/blob', content: Buffer.from([0, 1, 255]) });
    guest.addFile({
      path: '/opt/app',
      content: RemoteSource.of({
        url: 'https://mirror.example.org/app',
        digest: `sha256:${'ab'.repeat(32)}`,
      }),
      mode: '0755',
    });
    guest.addDirectory({ path: '/etc/app', mode: '0750' });
    guest.addLink({ path: '/etc/app/current', target: 'config' });
    guest.addUnit({
      name: 'app.service',
      content: '[Service]\nExecStart=/opt/app ${HOME}\n[Install]\nWantedBy=multi-user.target\n',
      dropIns: [{ name: '10-nice.conf', content: '[Service]\nNice=5\n' }],
    });
    guest.addFirstBootCommand('echo ${HOME}');
  },
};

/** A site whose image is configured by Ignition. */
export class IgnitionSite extends TestSite {
  readonly ignitionImage: BaseImage;

  constructor(image: { readonly os?: string; readonly ignitionSpec?: string } = {}) {
    super();
    const images = join(this.directory, 'ignition');
    mkdirSync(images);
    writeFileSync(join(images, 'ign.qcow2'), 'the bytes of an image');
    writeCatalogOf(images, 'ign', {
      version: '1.0.0-0a1b2c3d',
      virtualSize: Size.gib(1),
      os: 'debian-12',
      kind: 'ignition',
      ignitionSpec: '3.3.0',
      ...image,
    });
    this.ignitionImage = new BaseImage(this.base, 'ign', {
      release: ImageCatalog.load(join(images, 'catalog.json')).release('ign'),
      storagePool: this.image.storagePool,
    });
  }

  pool(props: Partial<VmPoolProps> = {}): VmPool {
    return new VmPool(this.stack('web'), 'web', {
      ...this.machine,
      image: this.ignitionImage,
      count: 3,
      modules: [EVERYTHING],
      dataDisks: [DataDisk.of({ name: 'data', size: Size.gib(1), mountPath: '/srv/data' })],
      ...props,
    });
  }
}
