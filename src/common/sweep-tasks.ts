import { Injectable } from '@nestjs/common';

/** What a part of a sweep removed, or would remove. */
export interface Swept {
  /** Names that say what each was. */
  removed: string[];
  freedBytes: number;
}

export interface SweepTask {
  /** What is said when it fails, as a sentence. */
  readonly failure: string;
  sweep(now: Date, isDryRun: boolean): Promise<Swept>;
}

/** Where rooms say what of theirs is to be tidied up now and then, so that the sweeper knows none of them. */
@Injectable()
export class SweepTasks {
  readonly all: SweepTask[] = [];

  register(task: SweepTask): void {
    this.all.push(task);
  }
}
