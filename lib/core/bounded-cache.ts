/** What was made before, by the text that it follows from. It forgets everything when it is full, which is rare. */
export class BoundedCache<T> {
  private readonly made = new Map<string, T>();

  /** @param most number of things that are kept */
  constructor(private readonly most: number) {}

  /** What goes with a text: from before, or made now. It is shared: do not change it. */
  get(text: string, make: () => T): T {
    let thing = this.made.get(text);
    if (thing === undefined) {
      thing = make();
      if (this.made.size >= this.most) this.made.clear();
      this.made.set(text, thing);
    }
    return thing;
  }
}
