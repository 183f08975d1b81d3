import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';

/** What the descriptor of an appliance says. */
export interface ApplianceFacts {
  readonly name: string;
  /** File name of the disk. */
  readonly disk: string;
  /** Bytes of that file. */
  readonly size: number;
  /** Bytes of the disk that a guest sees. */
  readonly capacity: number;
}

/** Resource types of the CIM schema (CIM_ResourceAllocationSettingData). */
const RESOURCE = { PROCESSOR: 3, MEMORY: 4, IDE: 5, NETWORK: 10, DISK: 17 } as const;

/** An OVF 1.1 envelope (DMTF DSP0243) for one virtual machine with one disk and one network interface. */
export function openVirtualisationDescriptor({ name, disk, size, capacity }: ApplianceFacts): string {
  const item = (fields: Readonly<Record<string, string | number>>): string =>
    // The schema wants the elements in the order of their names.
    `      <Item>\n${Object.entries(fields)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([field, value]) => `        <rasd:${field}>${value}</rasd:${field}>\n`)
      .join('')}      </Item>\n`;
  const items = [
    item({ InstanceID: 1, ResourceType: RESOURCE.PROCESSOR, ElementName: '1 processor', VirtualQuantity: 1 }),
    item({
      InstanceID: 2,
      ResourceType: RESOURCE.MEMORY,
      ElementName: '512 MiB of memory',
      AllocationUnits: 'byte * 2^20',
      VirtualQuantity: 512,
    }),
    item({ InstanceID: 3, ResourceType: RESOURCE.IDE, ElementName: 'disk controller', Address: 0 }),
    item({
      InstanceID: 4,
      ResourceType: RESOURCE.DISK,
      ElementName: 'disk',
      AddressOnParent: 0,
      HostResource: 'ovf:/disk/disk1',
      Parent: 3,
    }),
    item({
      InstanceID: 5,
      ResourceType: RESOURCE.NETWORK,
      ElementName: 'network interface',
      AddressOnParent: 0,
      AutomaticAllocation: 'true',
      Connection: 'network',
    }),
  ].join('');
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
  <References>
    <File ovf:id="file1" ovf:href="${disk}" ovf:size="${size}"/>
  </References>
  <DiskSection>
    <Info>The disk of the virtual machine</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${capacity}" ovf:capacityAllocationUnits="byte" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>The networks</Info>
    <Network ovf:name="network">
      <Description>The network of the virtual machine</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="${name}">
    <Info>A virtual machine</Info>
    <Name>${name}</Name>
    <OperatingSystemSection ovf:id="96">
      <Info>Debian, 64 bit</Info>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware</Info>
${items}    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}

/** A member of a tar file: bytes, or a file to be copied in. */
export type TarMember = { readonly name: string } & (
  { readonly content: Buffer } | { readonly file: string }
);

/** Writes a tar file of the `ustar` kind with fixed owners and times: the same members give the same bytes. */
export function writeTar(path: string, members: readonly TarMember[]): void {
  const target = openSync(path, 'w');
  try {
    for (const member of members) {
      const size = 'content' in member ? member.content.length : statSync(member.file).size;
      writeSync(target, tarHeader(member.name, size));
      if ('content' in member) writeSync(target, member.content);
      else copyInto(target, member.file);
      writeSync(target, Buffer.alloc(-size & 511));
    }
    writeSync(target, Buffer.alloc(1024));
  } finally {
    closeSync(target);
  }
}

function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100, 'latin1');
  // Octal up to 8 GiB less a byte; beyond that the binary form of GNU tar.
  if (size < 8 ** 11) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  } else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write('00000000000\0', 136, 'latin1');
  header.write('        0', 148, 'latin1');
  header.write('ustar\0' + '00', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function copyInto(target: number, file: string): void {
  const source = openSync(file, 'r');
  try {
    const block = Buffer.allocUnsafe(1 << 20);
    for (let length = readSync(source, block); length > 0; length = readSync(source, block))
      writeSync(target, block, 0, length);
  } finally {
    closeSync(source);
  }
}
