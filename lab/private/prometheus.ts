import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPrometheus } from '../site';
import { writeIfChanged } from './files';
import type { Part } from './part';

/** Prometheus with one job that scrapes whatever the files in its targets directory name. */
export function prometheusPart(directory: string, prometheus: LabPrometheus): Part {
  const root = join(directory, 'prometheus');
  return {
    name: 'prometheus',
    address: prometheus.url,
    command: [
      'prometheus',
      `--web.listen-address=${new URL(prometheus.url).host}`,
      `--storage.tsdb.path=${join(root, 'data')}`,
      '--storage.tsdb.retention.time=7d',
      '--log.level=warn',
      `--config.file=${join(root, 'prometheus.yml')}`,
    ],
    probe: [
      'curl',
      '--silent',
      '--fail',
      '--max-time',
      '2',
      '--output',
      '/dev/null',
      '--noproxy',
      '*',
    ].concat([`${prometheus.url}/-/ready`]),
    configure: () => {
      mkdirSync(join(root, 'targets'), { recursive: true, mode: 0o755 });
      return writeIfChanged(join(root, 'prometheus.yml'), configuration(prometheus));
    },
  };
}

function configuration(prometheus: LabPrometheus): string {
  return `global:
  scrape_interval: 5s
  scrape_timeout: 4s
  evaluation_interval: 5s
scrape_configs:
  # The files set the labels, 'job' among them; the name here is for targets that have none.
  - job_name: targets
    file_sd_configs:
      - files: ['${prometheus.targets}/*.json']
`;
}
