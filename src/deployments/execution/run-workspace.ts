import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, lchown, mkdir, readdir, realpath, rm, stat, statfs } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '../../common/errors';
import { readJson, writeJsonAtomically } from '../../common/files/json-file';

/** Below this a clone or an apply is not begun: it would die in the middle. */
const MIN_FREE_BYTES = 32 * 2 ** 20;

/** The directory of one run: the checkout, the plan, and a folder for each call of the runner. */
export class RunWorkspace {
  readonly directory: string;

  constructor(
    workRoot: string,
    readonly runId: string,
    private readonly owner: { uid: number; gid: number } | null,
  ) {
    this.directory = join(workRoot, runId);
  }

  get checkout(): string {
    return join(this.directory, 'checkout');
  }

  /** Outside the checkout, so that nothing in a repository can be taken for it. */
  get planFile(): string {
    return join(this.planDirectory, 'run.tfplan');
  }

  private get planDirectory(): string {
    return join(this.directory, 'plan');
  }

  /** HOME of the tool: private and empty, so that nobody's settings or credentials are picked up. */
  get home(): string {
    return join(this.directory, 'home');
  }

  private get cloneRecord(): string {
    return join(this.directory, 'clone.json');
  }

  callDirectory(name: string): string {
    return join(this.directory, 'calls', name);
  }

  /** Makes the directory, or what is missing in it. */
  async create(): Promise<void> {
    // The directory and the records in it stay the server's: a runner of another user passes through to its own part.
    await mkdir(this.directory, { recursive: true, mode: this.owner ? 0o711 : 0o700 });
    for (const part of [this.home, this.planDirectory]) {
      await mkdir(part, { recursive: true, mode: 0o700 });
      await this.giveToRunner(part);
    }
  }

  async createCallDirectory(name: string): Promise<string> {
    const directory = this.callDirectory(name);
    await mkdir(join(this.directory, 'calls'), { recursive: true, mode: this.owner ? 0o711 : 0o700 });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.giveToRunner(directory);
    return directory;
  }

  /** The commit that was cloned; null when no clone was finished. */
  async clonedCommit(): Promise<string | null> {
    return (await readJson<{ commit_sha: string }>(this.cloneRecord))?.commit_sha ?? null;
  }

  async recordClone(commitSha: string): Promise<void> {
    await writeJsonAtomically(this.cloneRecord, { commit_sha: commitSha });
  }

  /** Removes a checkout and all that came of it, for another try from the start. */
  async clear(): Promise<void> {
    for (const path of [this.checkout, this.planFile, this.cloneRecord])
      await rm(path, { recursive: true, force: true });
  }

  /** Text with the path of this directory taken out: where it is on the host is nobody's business. */
  withoutRoot(text: string): string {
    return text.replaceAll(this.directory, '$RUN_DIR');
  }

  /** Removes what may hold secrets in clear and is of no use once the run has ended: the plan, and raw output. */
  async discardSecrets(): Promise<void> {
    await rm(this.planFile, { force: true });
    const calls = join(this.directory, 'calls');
    for (const call of await readdir(calls).catch(() => [])) {
      for (const name of ['output.log', 'output.log.stderr', 'response.json', 'runner.stderr']) {
        await rm(join(calls, call, name), { force: true });
      }
    }
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /**
   * The real folder of `path` inside the checkout.
   * @throws DomainError when it does not exist, is no folder, or a link leads out of the repository
   */
  async resolveFolder(path: string): Promise<string> {
    const folder = await this.resolveInside(path);
    if (!(await stat(folder)).isDirectory()) throw missing(`"${path}" is not a folder of the repository.`);
    return folder;
  }

  /** @throws DomainError as `resolveFolder` does, for a file */
  async assertFile(path: string): Promise<void> {
    const file = await this.resolveInside(path);
    if (!(await stat(file)).isFile()) throw missing(`"${path}" is not a file of the repository.`);
  }

  /** Removes a committed `.terraform`: it would bring providers, modules and backend settings of somebody else. */
  async removeCommittedData(folder: string): Promise<boolean> {
    const data = join(folder, '.terraform');
    const isThere = (await lstat(data).catch(() => null)) !== null;
    if (isThere) await rm(data, { recursive: true, force: true });
    return isThere;
  }

  /** True when the tool left a state file in the checkout. */
  async hasLocalState(path: string): Promise<boolean> {
    return (await lstat(join(this.checkout, path, 'terraform.tfstate')).catch(() => null)) !== null;
  }

  /** SHA-256 of the plan file in hex; null when there is none. */
  async hashPlan(): Promise<string | null> {
    const found = await lstat(this.planFile).catch(() => null);
    if (!found?.isFile()) return null;
    const hash = createHash('sha256');
    await pipeline(createReadStream(this.planFile), hash);
    return hash.digest('hex');
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

  private async giveToRunner(directory: string): Promise<void> {
    if (this.owner) await lchown(directory, this.owner.uid, this.owner.gid);
  }

  private async resolveInside(path: string): Promise<string> {
    const root = await realpath(this.checkout);
    const resolved = await realpath(join(root, path)).catch(() => {
      throw missing(`There is no "${path}" in the repository at this commit.`);
    });
    if (resolved !== root && !resolved.startsWith(root + sep)) {
      throw missing(`"${path}" leads out of the repository through a link.`);
    }
    return resolved;
  }
}

function missing(message: string): DomainError {
  return new DomainError('unprocessable', 'path-not-found', message);
}
