import { App } from 'cdktf';
import { lab } from './environments/lab';
import { reportErrors } from './lib/core/report-errors';

reportErrors(() => {
  const app = new App();
  lab(app);
  app.synth();
});
