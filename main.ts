import { App } from 'cdktf';
import { datacenter } from './environments/datacenter';
import { hashistack } from './environments/hashistack';
import { lab, sites } from './environments/lab';
import { ValidationError } from './lib';
import { reportErrors } from './lib/core/report-errors';

/** Environments by name. `datacenter` is an example: it names hypervisors that are not yours. */
const ENVIRONMENTS = { lab, sites, hashistack, datacenter };

reportErrors(() => {
  const app = new App();
  for (const name of (process.env.CLOUDLESS_ENVIRONMENT ?? 'lab').split(',')) {
    const build = ENVIRONMENTS[name as keyof typeof ENVIRONMENTS] as ((app: App) => void) | undefined;
    if (!build)
      throw new ValidationError(
        'CLOUDLESS_ENVIRONMENT',
        `'${name}' is no environment; there are: ${Object.keys(ENVIRONMENTS).join(', ')}`,
      );
    build(app);
  }
  app.synth();
});
