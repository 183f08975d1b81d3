import { portProblems } from './listening-port';

/** How to tell from outside that a machine does its work. */
export type HealthCheck = TcpHealthCheck | HttpHealthCheck;

/** Healthy when the port accepts a connection. */
export interface TcpHealthCheck {
  readonly kind: 'tcp';
  readonly port: number;
}

/** Healthy when a GET request is answered with the expected status. */
export interface HttpHealthCheck {
  readonly kind: 'http';
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
  readonly status: number;
}

export const HealthCheck = {
  tcp(port: number): TcpHealthCheck {
    return { kind: 'tcp', port };
  },

  /**
   * @param path begins with a slash. Default `/`
   * @param status expected HTTP status. Default 200
   */
  http(port: number, path = '/', status = 200): HttpHealthCheck {
    return { kind: 'http', port, path, status };
  },
} as const;

/** What is wrong with a health check, each as the end of a sentence. */
export function healthCheckProblems(check: HealthCheck): string[] {
  const problems = portProblems(check.port);
  if (check.kind === 'http') {
    if (!/^\/[\x21-\x7e]*$/.test(check.path))
      problems.push(`has the path '${check.path}'; begin it with '/', without spaces`);
    if (!Number.isInteger(check.status) || check.status < 100 || check.status > 599) {
      problems.push(`expects the status ${check.status}, which HTTP does not have; use for example 200`);
    }
  }
  return problems;
}
