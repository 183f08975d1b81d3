import { Construct } from 'constructs';
import { localFile } from '../bindings/local';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import type { AlertRule } from '../guest';
import type { IVirtualMachine } from '../vm';

export interface AlertRulesProps {
  /** Machines whose modules declare rules. */
  readonly machines: readonly IVirtualMachine[];
  /**
   * Directory that Prometheus reads rules from (`rule_files`), on the machine where Terraform runs. Prometheus must be
   * told to read it anew (SIGHUP, or `/-/reload`). The file is named `<environment>_<id>.rules.json`; JSON is YAML.
   */
  readonly rulesDirectory: string;
}

/** The alerting rules of what machines run, each once, as a rule file of Prometheus (`promtool check rules` reads it). */
export class AlertRules extends Construct {
  readonly rules: readonly AlertRule[];

  /** @throws ValidationError when two machines mean different things by one name */
  constructor(scope: Construct, id: string, props: AlertRulesProps) {
    super(scope, id);
    const problems: string[] = [];
    const rules = new Map<string, { rule: AlertRule; machine: string }>();
    for (const { alertRules, machineName } of props.machines)
      for (const rule of alertRules) {
        const other = rules.get(rule.name);
        if (other === undefined) rules.set(rule.name, { rule, machine: machineName });
        else if (JSON.stringify(other.rule) !== JSON.stringify(rule))
          problems.push(
            `alert rule '${rule.name}' of machine '${machineName}' is another one than that of '${other.machine}'; rename one`,
          );
      }
    if (!props.rulesDirectory.startsWith('/'))
      problems.push(`'rulesDirectory' is '${props.rulesDirectory}'; give an absolute path`);
    if (problems.length > 0) throw new ValidationError(this, [...new Set(problems)]);
    this.rules = [...rules.values()].map(({ rule }) => rule).sort((a, b) => (a.name < b.name ? -1 : 1));
    const { environmentName } = CloudlessStack.of(this).environment;
    const file = `${props.rulesDirectory}/${environmentName}_${id}.rules.json`;
    Claims.of(this).claim(this, ClaimKind.FILE, file, '', 'give the rules another id');
    localFile(this, 'Resource', { filename: file, content: this.ruleFile(id), permission: '0644' });
  }

  private ruleFile(id: string): string {
    const rules = this.rules.map(({ name, expression, for: duration, severity, summary, labels }) => ({
      alert: name,
      expr: expression,
      ...(duration && { for: duration.toString() }),
      labels: { ...labels, severity },
      annotations: { summary },
    }));
    return `${JSON.stringify({ groups: rules.length > 0 ? [{ name: id, rules }] : [] }, null, 2)}\n`;
  }
}
