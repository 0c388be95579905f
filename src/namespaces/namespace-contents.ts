import { Injectable } from '@nestjs/common';

export const CONTENT_KINDS = ['module', 'provider', 'deployment'] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

/** How many things of one kind each of these namespaces holds; a namespace without any may be absent. */
export type ContentCounter = (namespaceIds: string[]) => Promise<Map<string, number>>;

/** Where rooms say how much of theirs a namespace holds, so that this room knows none of them. */
@Injectable()
export class NamespaceContents {
  private readonly counters = new Map<ContentKind, ContentCounter>();

  register(kind: ContentKind, counter: ContentCounter): void {
    this.counters.set(kind, counter);
  }

  /** Counts of every kind for each namespace. */
  async count(namespaceIds: string[]): Promise<Map<string, Record<ContentKind, number>>> {
    const counts = new Map(namespaceIds.map((id) => [id, { module: 0, provider: 0, deployment: 0 }]));
    if (namespaceIds.length === 0) return counts;
    for (const [kind, counter] of this.counters) {
      for (const [id, count] of await counter(namespaceIds)) {
        const entry = counts.get(id);
        if (entry) entry[kind] = count;
      }
    }
    return counts;
  }
}
