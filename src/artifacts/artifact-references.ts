import { Injectable } from '@nestjs/common';

/** Which of these hashes are still needed. */
export type ReferenceLookup = (sha256s: string[]) => Promise<Set<string>>;

/** Where rooms say which artefacts they need, so that the sweeper knows none of them. */
@Injectable()
export class ArtifactReferences {
  private readonly lookups: ReferenceLookup[] = [];

  register(lookup: ReferenceLookup): void {
    this.lookups.push(lookup);
  }

  /** Those of the hashes that nobody needs. */
  async findUnreferenced(sha256s: string[]): Promise<string[]> {
    const wanted = new Set<string>();
    for (const lookup of this.lookups) for (const sha256 of await lookup(sha256s)) wanted.add(sha256);
    return sha256s.filter((sha256) => !wanted.has(sha256));
  }
}
