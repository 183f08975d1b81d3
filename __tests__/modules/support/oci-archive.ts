import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** An image of one file as `podman load` takes it (OCI image layout 1.0), and the digest of its manifest. */
export function ociArchive(
  directory: string,
  name: string,
  program: string,
): { readonly archive: Buffer; readonly digest: `sha256:${string}` } {
  const layout = join(directory, 'layout');
  mkdirSync(join(layout, 'blobs', 'sha256'), { recursive: true });
  const store = (content: Buffer): { digest: `sha256:${string}`; size: number } => {
    const hex = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(layout, 'blobs', 'sha256', hex), content);
    return { digest: `sha256:${hex}`, size: content.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const sorted = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  const compress = ['--mode=0755', '--use-compress-program=gzip -9n'];
  execFileSync('tar', [
    '-C',
    directory,
    ...sorted,
    ...compress,
    '-cf',
    join(directory, 'layer.tar.gz'),
    program,
  ]);
  const layer = readFileSync(join(directory, 'layer.tar.gz'));
  const diffId = createHash('sha256').update(gunzipSync(layer)).digest('hex');
  const config = store(
    json({
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: [`/${program}`] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
    }),
  );
  const manifest = store(
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...store(layer) }],
    }),
  );
  writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(
    join(layout, 'index.json'),
    json({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          ...manifest,
          annotations: { 'org.opencontainers.image.ref.name': `${name}:latest` },
        },
      ],
    }),
  );
  const archive = join(directory, 'image.tar');
  execFileSync('tar', ['-C', layout, ...sorted, '-cf', archive, 'blobs', 'index.json', 'oci-layout']);
  return { archive: readFileSync(archive), digest: manifest.digest };
}
