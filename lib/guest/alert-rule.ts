import type { Duration } from '../core/duration';

/** How urgent an alert is. */
export enum AlertSeverity {
  /** Somebody must act now. */
  CRITICAL = 'critical',
  /** Somebody must act within a day. */
  WARNING = 'warning',
  /** Good to know. */
  INFO = 'info',
}

/** An alerting rule of Prometheus. Machines that declare the same rule share one. */
export interface AlertRule {
  /** For example `ConsulWithoutLeader`; one meaning in an environment. */
  readonly name: string;
  /** PromQL: true while the alert is to fire, for all machines it concerns at once. */
  readonly expression: string;
  /** How long the expression holds before the alert fires. @default - at once */
  readonly for?: Duration;
  readonly severity: AlertSeverity;
  /** One sentence for the person who is woken; may hold `{{ $labels.instance }}`. */
  readonly summary: string;
  /** Further labels. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What is wrong with a rule, each as the end of a sentence. That its expression is PromQL, `promtool check rules` says. */
export function alertRuleProblems(rule: AlertRule): string[] {
  const problems: string[] = [];
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(rule.name))
    problems.push(`has a bad name: letters, digits and '_'; write for example 'ConsulWithoutLeader'`);
  if (rule.expression.trim() === '') problems.push('has no expression; give one in PromQL');
  if (rule.summary.trim() === '') problems.push('has no summary; say in a sentence what is wrong');
  for (const label of Object.keys(rule.labels ?? {}))
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) || label.startsWith('__') || label === 'severity')
      problems.push(`has the label '${label}': letters, digits and '_', not 'severity'; rename it`);
  return problems;
}
