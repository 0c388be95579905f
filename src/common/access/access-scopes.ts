import { Injectable } from '@nestjs/common';

/** Finds the namespace a thing belongs to; null when there is no such thing. */
export type NamespaceLookup = (reference: string) => Promise<string | null>;

/** Where rooms say how the namespace of one of their things is found, so that the access guard knows no room. */
@Injectable()
export class AccessScopes {
  private readonly lookups = new Map<string, NamespaceLookup>();

  register(kind: string, lookup: NamespaceLookup): void {
    if (this.lookups.has(kind)) throw new Error(`Two rooms register the access scope "${kind}".`);
    this.lookups.set(kind, lookup);
  }

  /** @throws Error for a kind nobody registered: a mistake in a route's decorator. */
  async namespaceOf(kind: string, reference: string): Promise<string | null> {
    const lookup = this.lookups.get(kind);
    if (!lookup) throw new Error(`No room registers the access scope "${kind}".`);
    return lookup(reference);
  }

  has(kind: string): boolean {
    return this.lookups.has(kind);
  }
}
