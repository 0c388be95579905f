import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { assertFileInside, resolveFolderInside } from '../../common/files/inside';
import { readJson, writeJsonAtomically } from '../../common/files/json-file';
import { Workspace } from '../../runner';

/** The directory of one run: the checkout, the plan, and a folder for each call of the runner. */
export class RunWorkspace extends Workspace {
  /** Outside the checkout, so that nothing in a repository can be taken for it. */
  get planFile(): string {
    return join(this.planDirectory, 'run.tfplan');
  }

  /** The tool's CLI configuration; the server's own folder, since it holds a token. */
  get cliConfigurationFile(): string {
    return join(this.directory, 'cli.tfrc');
  }

  private get planDirectory(): string {
    return join(this.directory, 'plan');
  }

  private get cloneRecord(): string {
    return join(this.directory, 'clone.json');
  }

  override async create(): Promise<void> {
    await super.create();
    await this.createForRunner(this.planDirectory);
  }

  /** Written anew: what lies there is not trusted, and never followed. */
  async writeCliConfiguration(text: string): Promise<void> {
    await rm(this.cliConfigurationFile, { force: true });
    await writeFile(this.cliConfigurationFile, text, { mode: 0o600, flag: 'wx' });
    await this.giveToRunner(this.cliConfigurationFile);
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

  /** Removes what may hold secrets in clear and is of no use once the run has ended: the plan, and raw output. */
  async discardSecrets(): Promise<void> {
    for (const file of [this.planFile, this.cliConfigurationFile]) await rm(file, { force: true });
    for (const call of await this.listCalls()) {
      for (const name of ['output.log', 'output.log.stderr', 'response.json', 'runner.stderr']) {
        await rm(join(this.callDirectory(call), name), { force: true });
      }
    }
  }

  /**
   * The real folder of `path` inside the checkout.
   * @throws DomainError when it does not exist, is no folder, or a link leads out of the repository
   */
  resolveFolder(path: string): Promise<string> {
    return resolveFolderInside(this.checkout, path);
  }

  /** @throws DomainError as `resolveFolder` does, for a file */
  assertFile(path: string): Promise<void> {
    return assertFileInside(this.checkout, path);
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
}
