import { Injectable } from '@nestjs/common';

/** Which of these ids, each the name of a working directory, stand for work that has not ended. */
export type ActiveLookup = (ids: string[]) => Promise<Set<string>>;

/** Where rooms say whose working directories are in use, so that the sweeper knows none of them. */
@Injectable()
export class ActiveWork {
  private readonly lookups: ActiveLookup[] = [];

  register(lookup: ActiveLookup): void {
    this.lookups.push(lookup);
  }

  async findActive(ids: string[]): Promise<Set<string>> {
    const active = new Set<string>();
    for (const lookup of this.lookups) for (const id of await lookup(ids)) active.add(id);
    return active;
  }
}
