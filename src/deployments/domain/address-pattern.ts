/**
 * A pattern of addresses such as `module.network["eu"].aws_subnet.private[0]`: `*` stands for any characters, also none,
 * and all else for itself. Brackets are themselves, since addresses are full of them; that is why this is no glob of a
 * library.
 */
export class AddressPattern {
  private readonly first: string;
  private readonly between: string[];
  /** Null: there is no `*`. */
  private readonly last: string | null;

  constructor(pattern: string) {
    const [first = '', ...others] = pattern.split('*');
    this.first = first;
    this.last = others.pop() ?? null;
    this.between = others;
  }

  /** True when the whole address is like the pattern. */
  matches(address: string): boolean {
    if (this.last === null) return address === this.first;
    if (!address.startsWith(this.first)) return false;
    let from = this.first.length;
    // The earliest place leaves the most room for what comes after it.
    for (const part of this.between) {
      const at = address.indexOf(part, from);
      if (at < 0) return false;
      from = at + part.length;
    }
    return address.length - this.last.length >= from && address.endsWith(this.last);
  }
}
