import { setMaxListeners } from 'node:events';
import type { Context } from '../context';
import { ProviderError } from '../diagnostics';
import type { Diagnostics } from '../diagnostics';
import type { AnyProvider } from '../provider';

function makeController(): AbortController {
  const controller = new AbortController();
  // As many operations wait for it as Terraform has under way.
  setMaxListeners(0, controller.signal);
  return controller;
}

/** One provider in one process: what Terraform told it so far. */
export class Session {
  private stopping = makeController();
  private configured: { readonly client: unknown } | undefined;

  constructor(readonly provider: AnyProvider) {}

  /** Aborted when Terraform asks the provider to stop. */
  get stopped(): AbortSignal {
    return this.stopping.signal;
  }

  stop(): void {
    this.stopping.abort(
      new ProviderError(
        'Interrupted',
        'Terraform was asked to stop; what was not done yet is left as it is.',
      ),
    );
  }

  configure(client: unknown): void {
    this.configured = { client };
    // A process that Terraform attaches to lives on: the next command starts with configuring it anew.
    if (this.stopped.aborted) this.stopping = makeController();
  }

  /** What an operation gets. @throws ProviderError when the provider is not configured */
  context(diagnostics: Diagnostics, signal: AbortSignal = this.stopped): Context<unknown> {
    if (!this.configured) {
      throw new ProviderError('The provider is not configured', 'Its configuration was refused.');
    }
    return { client: this.configured.client, signal, diagnostics };
  }
}
