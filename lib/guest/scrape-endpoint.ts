import { portProblems } from './listening-port';

/** A page of metrics that Prometheus reads from the machine. */
export interface ScrapeEndpoint {
  /** Scrape job it belongs to; the machines of one job are one group of targets. */
  readonly job: string;
  readonly port: number;
  /** @default '/metrics' */
  readonly path?: string;
  /** @default 'http' */
  readonly scheme?: 'http' | 'https';
  /** Parameters of the request, `format=prometheus` for example. @default - none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Labels of every series, besides those that the monitoring stack sets. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What is wrong with an endpoint, each as the end of a sentence. */
export function scrapeEndpointProblems(endpoint: ScrapeEndpoint): string[] {
  const problems = portProblems(endpoint.port);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(endpoint.job)) {
    problems.push(`has a bad job name: letters, digits, '_', '.' and '-'; write for example 'node'`);
  }
  if (endpoint.path !== undefined && !/^\/[\x21-\x7e]*$/.test(endpoint.path)) {
    problems.push(`has the path '${endpoint.path}'; begin it with '/', without spaces`);
  }
  for (const parameter of Object.keys(endpoint.parameters ?? {}))
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(parameter))
      problems.push(`has the parameter '${parameter}': letters, digits and '_'; Prometheus takes no others`);
  for (const label of Object.keys(endpoint.labels ?? {})) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) || label.startsWith('__')) {
      problems.push(`has the label '${label}': letters, digits and '_', not two '_' first; rename it`);
    } else if (label === 'job' || label === 'instance') {
      problems.push(`sets the label '${label}', which Prometheus sets itself; remove it`);
    }
  }
  return problems;
}
