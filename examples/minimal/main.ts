import { App } from 'cdktf';
import {
  BaseImage,
  Cidr,
  CloudlessStack,
  Environment,
  Fqdn,
  Hypervisor,
  ImageCatalog,
  LibvirtUri,
  NatNetwork,
  Size,
  SshPublicKey,
  StoragePool,
  VmPool,
} from 'cloudless';

// Two machines on the libvirt of this computer, in one stack.
const app = new App();
const home = new Environment(app, 'home', {
  domain: Fqdn.of('home.internal'),
  lockFile: 'home.lock.json',
  siteKeyFile: 'site.key',
});
const hypervisor = new Hypervisor(home, 'desk', { uri: LibvirtUri.local(), memory: Size.gib(4) });

const stack = new CloudlessStack(home, 'all');
const storagePool = new StoragePool(stack, 'home', { hypervisor, path: '/var/lib/libvirt/home' });
const image = new BaseImage(stack, 'debian', {
  release: ImageCatalog.load().release('debian-12'), // cloudless image build debian-12
  storagePool,
});
const network = new NatNetwork(stack, 'lan', { hypervisor, cidr: Cidr.of('10.30.0.0/24') });

const web = new VmPool(stack, 'web', {
  count: 2,
  memory: Size.mib(512),
  image,
  network,
  administrators: [{ name: 'ops', sshAuthorizedKeys: [SshPublicKey.fromFile('operator.pub')] }],
});
for (const machine of web.members) console.log(`${machine.fqdn} will have ${machine.address}`);

app.synth();
