import { lchown, lstat, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '../common/errors';

/** Below this a clone, an apply or a build is not begun: it would die in the middle. */
const MIN_FREE_BYTES = 32 * 2 ** 20;

/**
 * The directory of one piece of work that the runner does: a checkout, a private home, and a folder for each call. The
 * directory and the records in it are the server's; a runner of another user passes through to its own parts.
 */
export class Workspace {
  readonly directory: string;

  constructor(
    workRoot: string,
    /** Id of the run or build, and name of the directory. */
    readonly id: string,
    private readonly owner: { uid: number; gid: number } | null,
  ) {
    this.directory = join(workRoot, id);
  }

  get checkout(): string {
    return join(this.directory, 'checkout');
  }

  /** HOME of the tool: private and empty, so that nobody's settings or credentials are picked up. */
  get home(): string {
    return join(this.directory, 'home');
  }

  protected get calls(): string {
    return join(this.directory, 'calls');
  }

  callDirectory(name: string): string {
    return join(this.calls, name);
  }

  /** Makes the directory, or what is missing in it. A link that lies there is not followed: it goes. */
  async create(): Promise<void> {
    const found = await lstat(this.directory).catch(() => null);
    if (found && !found.isDirectory()) await rm(this.directory);
    await mkdir(this.directory, { recursive: true, mode: this.owner ? 0o711 : 0o700 });
    await this.createForRunner(this.home);
  }

  async createCallDirectory(name: string): Promise<string> {
    const directory = this.callDirectory(name);
    await mkdir(this.calls, { recursive: true, mode: this.owner ? 0o711 : 0o700 });
    await this.createForRunner(directory);
    return directory;
  }

  /** Names of the calls that were begun. */
  async listCalls(): Promise<string[]> {
    return readdir(this.calls).catch(() => []);
  }

  /** Text with the path of this directory taken out: where it is on the host is nobody's business. */
  withoutRoot(text: string): string {
    return text.replaceAll(this.directory, '$RUN_DIR');
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** @throws DomainError when the disk is too full to begin */
  async assertSpace(): Promise<void> {
    const { bavail, bsize } = await statfs(this.directory);
    if (bavail * bsize >= MIN_FREE_BYTES) return;
    const free = Math.floor((bavail * bsize) / 2 ** 20);
    throw new DomainError(
      'insufficient-storage',
      'no-space',
      `There is no space for working directories: ${free} MiB are free, ${MIN_FREE_BYTES / 2 ** 20} MiB are needed.`,
    );
  }

  /** Hands the whole checkout to the user the runner runs as; links themselves, never what they point to. */
  async giveCheckoutToRunner(): Promise<void> {
    if (!this.owner) return;
    const { uid, gid } = this.owner;
    await lchown(this.checkout, uid, gid);
    for (const entry of await readdir(this.checkout, { recursive: true }))
      await lchown(join(this.checkout, entry), uid, gid);
  }

  /** Makes a folder that the runner may write. */
  async createForRunner(directory: string): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.giveToRunner(directory);
  }

  /** Hands one file or folder to the user the runner runs as. */
  async giveToRunner(path: string): Promise<void> {
    if (this.owner) await lchown(path, this.owner.uid, this.owner.gid);
  }
}
