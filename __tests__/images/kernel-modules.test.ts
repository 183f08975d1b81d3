import {
  loadOrder,
  moduleName,
  modulesToRemove,
  parseModuleDependencies,
} from '../../images/build/kernel-modules';

const DEPENDENCIES =
  parseModuleDependencies(`kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio-pci.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/gpu/big.ko: kernel/drivers/gpu/helper.ko
kernel/drivers/gpu/helper.ko:
kernel/net/needs-helper.ko: kernel/drivers/gpu/helper.ko
kernel/fs/isofs/isofs.ko:
`);
const kernel = {
  arguments: [],
  initrdModules: [],
  removedModules: ['drivers'],
  keptModules: ['drivers/virtio'],
};

test('modules are loaded behind what they need, each once', () => {
  expect(loadOrder(DEPENDENCIES, ['virtio_pci', 'virtio', 'isofs']).map(moduleName)).toEqual([
    'virtio_ring',
    'virtio',
    'virtio_pci',
    'isofs',
  ]);
});

test('a module that is built into the kernel is not loaded', () => {
  expect(loadOrder(DEPENDENCIES, ['ext4', 'isofs'], new Set(['ext4'])).map(moduleName)).toEqual(['isofs']);
});

test('a module that the kernel does not have is an error', () => {
  expect(() => loadOrder(DEPENDENCIES, ['ahci'])).toThrow("the kernel has no module 'ahci'");
});

test('removal spares what is kept and what a module that stays needs', () => {
  expect(modulesToRemove(DEPENDENCIES, kernel)).toEqual(['kernel/drivers/gpu/big.ko']);
});
