import { linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LOOK_EVERY_MS = 5;
/** A line of the platform's own, which is in no output of a tool. */
const NOTE = /\u001b\[2m\[plomada\] [^\u001b]*\u001b\[0m\r\n/g;

/**
 * Keeps the output of every call as the tool wrote it: a second name for each file, since the server removes the first
 * one once it has stored the output.
 */
export class LogWitness {
  private readonly folder: string;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly dataDir: string) {
    this.folder = join(dataDir, 'witness');
    mkdirSync(this.folder);
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** What the tool wrote in a phase, in all attempts. Null: nothing of it was seen. */
  outputOf(runId: string, phase: string): string | null {
    const names = namesIn(this.folder)
      .filter((name) => name.startsWith(runId) && name.endsWith(`-${phase}`))
      .sort();
    return names.length === 0 ? null : names.map((name) => readFileSync(join(this.folder, name), 'utf8')).join('');
  }

  close(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const work = join(this.dataDir, 'work');
    for (const run of namesIn(work)) {
      for (const call of namesIn(join(work, run, 'calls'))) {
        try {
          linkSync(join(work, run, 'calls', call, 'output.log'), join(this.folder, `${run}-${call}`));
        } catch {
          // It has one already, or there is no output yet.
        }
      }
    }
  }
}

/** A stored log without what the platform says in it. */
export const withoutNotes = (stored: string): string => stored.replace(NOTE, '');

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
