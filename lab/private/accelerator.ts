import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperationError } from '../../lib/core/errors';
import { run } from '../../lib/core/command';
import type { LabAccelerator } from '../site';

/** `mov al, 0x10; out 0xf4, al; hlt`: tells QEMU's isa-debug-exit device that a guest has run. */
const GUEST_CODE = Buffer.from([0xb0, 0x10, 0xe6, 0xf4, 0xf4]);
/** What isa-debug-exit makes of the byte: (0x10 << 1) | 1. */
const GUEST_SAID = 0x21;

/** What guests run with here. */
export async function findAccelerator(): Promise<LabAccelerator> {
  return (await kvmProblem()) === undefined ? 'kvm' : 'tcg';
}

/**
 * Why KVM cannot be used, undefined when it can. A device node proves nothing: containers and nested machines often
 * have one that does not work, so a guest of five bytes has to run.
 */
export async function kvmProblem(): Promise<string | undefined> {
  if (!existsSync('/dev/kvm')) return '/dev/kvm does not exist';
  // Some hosts offer a KVM without these flags (PVM): firmware and the test below run on it, ordinary kernels hang.
  if (!hasVirtualisation(readFileSync('/proc/cpuinfo', 'utf8')))
    return 'the processor offers neither VT-x (vmx) nor AMD-V (svm)';
  const directory = mkdtempSync(join(tmpdir(), 'cloudless-kvm-'));
  try {
    const disk = join(directory, 'boot.img');
    const sector = Buffer.alloc(512);
    GUEST_CODE.copy(sector);
    sector.writeUInt16LE(0xaa55, 510);
    writeFileSync(disk, sector);
    const machine = [
      '-accel',
      'kvm',
      '-cpu',
      'host',
      '-machine',
      'pc',
      '-m',
      '16',
      '-nodefaults',
      '-no-reboot',
    ];
    const devices = ['-display', 'none', '-device', 'isa-debug-exit,iobase=0xf4,iosize=1'];
    const drive = ['-drive', `file=${disk},format=raw,if=ide`];
    await run('qemu-system-x86_64', [...machine, ...devices, ...drive], {
      timeoutMs: 10_000,
      okCodes: [GUEST_SAID],
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return error.message.split('\n').at(-1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Whether `/proc/cpuinfo` names Intel's or AMD's virtualisation among the flags. */
export function hasVirtualisation(cpuinfo: string): boolean {
  return /^flags\s*:.*\b(vmx|svm)\b/m.test(cpuinfo);
}
