import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the front of the PATH, whose terraform is the real one, except for runs that ask for something else. */
export class StrangeTool {
  private readonly folder = mkdtempSync(join(tmpdir(), 'plomada-strange-'));

  /** @param scripts `<command> <name>` → what `/bin/sh` does instead in runs with `TF_VAR_how=<name>`; `$REAL` is the real tool */
  constructor(scripts: Record<string, string>) {
    const real = execFileSync('which', ['terraform'], { encoding: 'utf8' }).trim();
    const cases = Object.entries(scripts).map(([when, script]) => `"${when}")\n${script}\n;;`);
    const text = `#!/bin/sh\nREAL=${real}\ncase "$1 $TF_VAR_how" in\n${cases.join('\n')}\nesac\nexec $REAL "$@"\n`;
    writeFileSync(join(this.folder, 'terraform'), text, { mode: 0o755 });
  }

  get environment(): { PATH: string } {
    return { PATH: `${this.folder}:${process.env.PATH}` };
  }

  forget(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
