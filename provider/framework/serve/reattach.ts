import type { AnyProvider } from '../provider';

/** The value of `TF_REATTACH_PROVIDERS` with which Terraform uses a provider that runs already, without TLS. */
export function reattachConfig(provider: AnyProvider, network: 'unix' | 'tcp', address: string): string {
  return JSON.stringify({
    [provider.address]: {
      Protocol: 'grpc',
      ProtocolVersion: 6,
      Pid: process.pid,
      // Terraform leaves the process alone when it is done.
      Test: true,
      Addr: { Network: network, String: address },
    },
  });
}
