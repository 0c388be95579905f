import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { assertFileInside, resolveFolderInside } from '../../common/files/inside';
import { readJson, writeJsonAtomically } from '../../common/files/json-file';
import type { RunnerTool } from '../../../runner/protocol/runner-protocol';
import { Workspace } from '../../runner';
import { BACKEND_OVERRIDE, clashesWithOverride, isCommittedState, overrideFileName } from '../domain/managed-backend';

const VARIABLES_FILE = 'variables.tfvars.json';
const ERRORED_STATE = 'errored.tfstate';

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

  /** The deployment's variables. Outside the checkout, in the server's own folder, since it holds secrets. */
  private get variablesFile(): string {
    return join(this.directory, VARIABLES_FILE);
  }

  /** What was given to the tool and must be masked, encrypted. */
  private get secretsRecord(): string {
    return join(this.directory, 'masked.sealed');
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

  writeCliConfiguration(text: string): Promise<void> {
    return this.writeForRunner(this.cliConfigurationFile, text);
  }

  /** @param text null: there are no variables, and no file */
  async writeVariables(text: string | null): Promise<void> {
    if (text === null) await rm(this.variablesFile, { force: true });
    else await this.writeForRunner(this.variablesFile, text);
  }

  /** The file of variables as seen from a real folder: warnings of the tool name it, and the host's paths are secret. */
  async variablesFileFrom(folder: string): Promise<string> {
    return relative(folder, join(await realpath(this.directory), VARIABLES_FILE));
  }

  async readSecretsRecord(): Promise<string | null> {
    return (await readJson<{ sealed: string }>(this.secretsRecord))?.sealed ?? null;
  }

  async writeSecretsRecord(sealed: string): Promise<void> {
    await writeJsonAtomically(this.secretsRecord, { sealed });
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
    const files = [this.planFile, this.cliConfigurationFile, this.variablesFile, this.secretsRecord];
    for (const file of files) await rm(file, { force: true });
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

  /**
   * Puts the platform's backend in the place of any other: a state of the repository's own would stand in its way.
   * @returns names of the files of the repository that were removed
   */
  async injectBackend(folder: string, tool: RunnerTool): Promise<string[]> {
    const names = await readdir(folder);
    const removed = names.filter((name) => isCommittedState(name) || clashesWithOverride(name)).sort();
    for (const name of removed) await rm(join(folder, name), { recursive: true, force: true });
    const file = join(folder, overrideFileName(tool));
    await writeFile(file, BACKEND_OVERRIDE, { mode: 0o644, flag: 'wx' });
    await this.giveToRunner(file);
    return removed;
  }

  /** What init noted of the backend it settled on; null when it noted nothing. */
  readBackendRecord(folder: string): Promise<object | null> {
    return readJson<object>(join(folder, '.terraform', 'terraform.tfstate'));
  }

  /** The state that an apply could not save; null when there is none, or an empty file: the disk was full. */
  async findErroredState(folder: string): Promise<{ sizeBytes: number; read(): Promise<Buffer> } | null> {
    const file = join(folder, ERRORED_STATE);
    const found = await lstat(file).catch(() => null);
    return found?.isFile() && found.size > 0 ? { sizeBytes: found.size, read: () => readFile(file) } : null;
  }

  async forgetErroredState(folder: string): Promise<void> {
    await rm(join(folder, ERRORED_STATE), { force: true });
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

  /** Written anew: what lies there is not trusted, and never followed. */
  private async writeForRunner(file: string, text: string): Promise<void> {
    await rm(file, { force: true });
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
    await this.giveToRunner(file);
  }
}
