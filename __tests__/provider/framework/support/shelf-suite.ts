import { attach } from '../../../../provider/framework/testkit';
import type { Workspace } from '../../../../provider/framework/testkit';
import { Shelf } from './shelf';
import { shelfProvider } from './shelf-provider';

/** A shelf and a workspace whose provider manages it, new for each test of a suite. */
export interface ShelfSuite {
  readonly shelf: Shelf;
  readonly workspace: Workspace;
  /** Configures the box `one`. */
  box(more?: string, name?: string): void;
}

export function shelfSuite(): ShelfSuite {
  let shelf: Shelf;
  let workspace: Workspace;
  beforeEach(async () => {
    shelf = new Shelf();
    workspace = await attach(shelfProvider(shelf));
  });
  afterEach(() => workspace.close());
  return {
    get shelf() {
      return shelf;
    },
    get workspace() {
      return workspace;
    },
    box: (more = '', name = '"books"') =>
      workspace.configure(`resource "shelf_box" "one" {\n  name = ${name}\n${more}\n}\n`),
  };
}
