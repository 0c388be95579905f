import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

/** Who may have an answer: whose it is, and whether everybody may. */
export interface RegistryNamespace {
  id: string;
  isPublic: boolean;
}

/** An answer of the registry protocol, ready to be sent as it is. */
export interface RegistryAnswer {
  /** Null: it tells of no namespace, and everybody may have it. */
  namespace: RegistryNamespace | null;
  /** The route as it is declared, for the metrics. */
  route: string;
  status: 200 | 204;
  headers: Record<string, string>;
  /** Null for 204. */
  body: Buffer | null;
  /** Milliseconds since 1970 after which it must be made anew, since it holds links; null: when something changes. */
  staleAt: number | null;
}

const MAX_BYTES = 32 * 2 ** 20;
/** What an entry takes besides its body and path. */
const ENTRY_BYTES = 1024;

/**
 * Answers of the registry protocol that were made before. They change only when something is published, so making each
 * once is enough; a client's `init` asks for many. Whoever changes what an answer shows forgets those of its namespace
 * after the commit: this server is the only writer of its database, so nothing else can make them wrong.
 */
@Injectable()
export class RegistryAnswers {
  private readonly kept = new LRUCache<string, { answer: RegistryAnswer; generation: number }>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ answer }, path) => ENTRY_BYTES + path.length + (answer.body?.length ?? 0),
  });
  private readonly generations = new Map<string, number>();
  private changes = 0;

  /** @param path as it was asked for, without query */
  find(path: string, now: number): RegistryAnswer | null {
    const found = this.kept.get(path);
    if (!found) return null;
    const { answer, generation } = found;
    const isCurrent = answer.namespace === null || generation === this.generationOf(answer.namespace.id);
    if (isCurrent && (answer.staleAt === null || now < answer.staleAt)) return answer;
    this.kept.delete(path);
    return null;
  }

  /** Makes an answer and keeps it, unless something was changed while it was made. */
  async make(path: string, work: () => Promise<RegistryAnswer>): Promise<RegistryAnswer> {
    const changesBefore = this.changes;
    const answer = await work();
    if (this.changes === changesBefore) {
      const generation = answer.namespace === null ? 0 : this.generationOf(answer.namespace.id);
      this.kept.set(path, { answer, generation });
    }
    return answer;
  }

  /** Call it after the commit of whatever an answer about this namespace shows. */
  forget(namespaceId: string): void {
    this.changes += 1;
    this.generations.set(namespaceId, this.generationOf(namespaceId) + 1);
  }

  private generationOf(namespaceId: string): number {
    return this.generations.get(namespaceId) ?? 0;
  }
}
