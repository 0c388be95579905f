import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..');
const run = promisify(execFile);

/** The built application in a folder of its own that can be replaced, as a package or a checkout is. */
export class InstalledApplication {
  private readonly root = mkdtempSync(join(tmpdir(), 'plomada-application-'));
  private copies = 0;
  /** Where it is started from. */
  readonly folder = join(this.root, 'current');

  private constructor() {}

  static async create(): Promise<InstalledApplication> {
    const application = new InstalledApplication();
    await application.install();
    return application;
  }

  /** Puts another copy in the place of the one that is there: another folder with other files. */
  async replace(): Promise<void> {
    const before = statSync(this.folder).ino;
    await this.remove();
    await this.install();
    if (statSync(this.folder).ino === before) throw new Error('The folder is the one of before.');
  }

  /** Takes it away: nothing of it has its name any more. */
  async remove(): Promise<void> {
    const gone = join(this.root, `gone-${this.copies}`);
    // A new name is as good as a removal for whoever looks for a file, and sooner done.
    renameSync(this.folder, gone);
    await rm(join(gone, 'dist'), { recursive: true });
  }

  forget(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }

  private async install(): Promise<void> {
    const copy = join(this.root, `copy-${(this.copies += 1)}`);
    mkdirSync(copy);
    const parts = ['dist', 'package.json', ...productionPackages()];
    const copyParts = (how: string): Promise<unknown> => run('cp', [how, '--parents', ...parts, copy], { cwd: ROOT });
    // Second names are as good as copies, since nothing writes there; but not when the temporary folder is on another disk.
    await copyParts('-al').catch(() => copyParts('-a'));
    renameSync(copy, this.folder);
  }
}

/** Folders of what the server needs at run time, with what is nested in them. */
function productionPackages(): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([path, { dev }]) => path.lastIndexOf('node_modules/') === 0 && !dev && existsSync(join(ROOT, path)))
    .map(([path]) => path);
}
