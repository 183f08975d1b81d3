import { statusTable } from '../../cli/lab';

it('lines up the parts of a lab in columns', () => {
  const table = statusTable({
    name: 'default',
    directory: '/cache/labs/default',
    accelerator: 'tcg',
    up: false,
    parts: [
      { name: 'kvm1/libvirtd', state: 'running', pid: 42, address: 'qemu:///system' },
      { name: 'dns', state: 'not answering', pid: 4711, address: '127.0.0.1:53' },
      { name: 'prometheus', state: 'stopped', address: 'http://127.0.0.1:9090' },
    ],
  });
  expect(table.split('\n')).toEqual([
    "lab 'default' (tcg) in /cache/labs/default",
    'PART           STATE          PID   ADDRESS',
    'kvm1/libvirtd  running        42    qemu:///system',
    'dns            not answering  4711  127.0.0.1:53',
    'prometheus     stopped        -     http://127.0.0.1:9090',
    '',
  ]);
});
