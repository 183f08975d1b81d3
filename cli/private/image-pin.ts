import { Option, type Command } from 'commander';
import { Duration } from '../../lib/core/duration';
import { OperationError } from '../../lib/core/errors';
import { ImageCatalog } from '../../lib/image/catalog';
import type { ImageChannel } from '../../catalog/catalog-file';
import { PROJECT_CATALOG } from '../../lib/image/catalog-image';
import { describeChanges } from '../../images/lock/lock-changes';
import { movePin, pinnedImages } from '../../images/release/move-pin';
import { columns } from './columns';
import { openLock } from './open-lock';

interface PinOptions {
  readonly channel: ImageChannel;
  readonly to?: string;
  readonly minimumAge?: number;
  readonly write?: true;
  readonly catalog: string;
  readonly lockFile?: string;
}

/** Adds `cloudless image pin`. */
export function registerPin(image: Command): void {
  image
    .command('pin')
    .description(
      'which releases an environment has settled on; with a name, show what a newer one changes, and take it with --write',
    )
    .argument('<environment>')
    .argument('[name]', 'name of an image')
    .addOption(
      new Option('--channel <channel>', 'the channel that the code asks for')
        .choices(['stable', 'testing'])
        .default('stable'),
    )
    .option('--to <version>', 'this version of the channel instead of the newest, also an older one')
    .option('--minimum-age <days>', 'only releases that are at least so many days old', Number)
    .option('--write', 'write the lock file')
    .option('--catalog <file>', 'catalog of releases', PROJECT_CATALOG)
    .option('--lock-file <path>', 'path of the lock file')
    .action(pin);
}

function pin(environment: string, name: string | undefined, options: PinOptions): void {
  const lock = openLock(environment, options.lockFile);
  const catalog = ImageCatalog.load(options.catalog);
  if (name === undefined) {
    const rows = pinnedImages(lock, catalog).map(({ imageName, asked, version, standing }) => [
      imageName,
      asked,
      version,
      standing,
    ]);
    for (const line of columns([['IMAGE', 'ASKED FOR', 'PINNED', 'STANDING'], ...rows])) console.log(line);
    return;
  }
  const { minimumAge, channel, to } = options;
  if (minimumAge !== undefined && !(minimumAge >= 0))
    throw new OperationError('--minimum-age is no number of days', 'for example --minimum-age 7');
  const move = movePin(lock, catalog, name, {
    channel,
    to,
    minimumAge: minimumAge === undefined ? undefined : Duration.days(minimumAge),
  });
  const difference = lock.difference();
  if (difference === undefined) {
    console.log(`${environment}: channel '${channel}' of ${name} is ${move.after} already`);
    return;
  }
  for (const line of describeChanges(move.packages)) console.log(line);
  console.log(
    `${environment}: channel '${channel}' of ${name} ${move.before === undefined ? 'becomes' : `goes from ${move.before} to`} ${move.after}; ${move.packages.length} packages change, and the next apply replaces the machines made from it\n`,
  );
  console.log(difference);
  if (options.write) lock.save({ complete: false });
  else console.log('nothing is written; take it with --write');
}
