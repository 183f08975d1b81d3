/** Entry of the throw-away provider as a plugin of its own. `SHELF_WAITS` makes every creation wait until it is cancelled. */
import { setTimeout as wait } from 'node:timers/promises';
import { serve } from '../../../../provider/framework';
import { Shelf } from './shelf';
import { shelfProvider } from './shelf-provider';

const shelf = new Shelf();
if (process.env.SHELF_WAITS) {
  shelf.before.set('create', (signal) => wait(600_000, undefined, { signal }));
}
void serve(shelfProvider(shelf));
