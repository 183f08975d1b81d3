import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AlertRules, AlertSeverity, Duration, VmPool, type AlertRule, type GuestModule } from '../../lib';
import { TestSite } from '../support/site';

const rule: AlertRule = {
  name: 'NodeFull',
  expression: 'node_filesystem_avail_bytes{job="node"} / node_filesystem_size_bytes < 0.1',
  for: Duration.minutes(90),
  severity: AlertSeverity.WARNING,
  summary: '{{ $labels.instance }}: {{ $labels.mountpoint }} is nearly full',
  labels: { team: 'ops' },
};
const declaring = (alert: AlertRule): GuestModule => ({
  moduleName: 'node',
  bind: (guest) => guest.addAlertRule(alert),
});

function written(site: TestSite, ...alerts: readonly AlertRule[]): string {
  const machines = alerts.flatMap(
    (alert, index) =>
      new VmPool(site.stack(`p${index}`), `p${index}`, {
        ...site.machine,
        count: 2,
        modules: [declaring(alert)],
      }).members,
  );
  new AlertRules(site.stack('monitoring'), 'rules', { machines, rulesDirectory: '/srv/rules' });
  site.synth();
  const [file] = site.resources('monitoring', 'local_file');
  expect(file?.filename).toBe('/srv/rules/test_rules.rules.json');
  return file?.content as string;
}

const promtool = (directory: string, text: string) => {
  const path = join(directory, 'rules.yml');
  writeFileSync(path, text);
  return spawnSync('promtool', ['check', 'rules', path], { encoding: 'utf8' });
};
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

it('writes the rule of many machines once', () => {
  expect(JSON.parse(written(new TestSite(), rule, { ...rule }))).toEqual({
    groups: [
      {
        name: 'rules',
        rules: [
          {
            alert: 'NodeFull',
            expr: rule.expression,
            for: '1h30m',
            labels: { team: 'ops', severity: 'warning' },
            annotations: { summary: rule.summary },
          },
        ],
      },
    ],
  });
});

it('fails when two pools mean different things by one name', () => {
  expect(() => written(new TestSite(), rule, { ...rule, expression: 'up == 0' })).toThrow(
    "alert rule 'NodeFull' of machine 'p1-0' is another one than that of 'p0-0'; rename one",
  );
});

(hasPromtool ? describe : describe.skip)(
  `promtool${hasPromtool ? '' : ' (skipped: package prometheus is not installed)'}`,
  () => {
    it('accepts the file', () => {
      const site = new TestSite();
      const { status, stdout, stderr } = promtool(site.directory, written(site, rule));
      expect({ status, said: stdout + stderr }).toEqual({
        status: 0,
        said: expect.stringContaining('1 rules found') as string,
      });
    });

    it('tells of an expression that is no PromQL', () => {
      const site = new TestSite();
      const { status, stderr } = promtool(site.directory, written(site, { ...rule, expression: 'up ==' }));
      expect(status).toBe(1);
      expect(stderr).toContain('could not parse expression');
    });
  },
);
