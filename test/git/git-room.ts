import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GitOptions } from '../../src/git/git-options';
import type { GitCredentials, GitRemote } from '../../src/git/git.port';
import { SimpleGitAdapter } from '../../src/git/simple-git.adapter';

const NO_CREDENTIALS: GitCredentials = { username: null, password: null, sshKey: null };

/** A remote, without credentials unless some are given. */
export function aRemote(url: string, credentials: Partial<GitCredentials> = {}): GitRemote {
  return { url, credentials: { ...NO_CREDENTIALS, ...credentials } };
}

/** A temporary directory with room for an adapter's cache and for clones. */
export class GitRoom {
  private clones = 0;

  private constructor(readonly root: string) {}

  static async create(): Promise<GitRoom> {
    return new GitRoom(await mkdtemp(join(tmpdir(), 'plomada-git-room-')));
  }

  get cacheDir(): string {
    return join(this.root, 'cache');
  }

  /** An adapter that may reach everything, unless told otherwise. */
  adapter(options: Partial<GitOptions> = {}): SimpleGitAdapter {
    return new SimpleGitAdapter({
      allowedSchemes: ['https', 'http', 'ssh', 'file'],
      blockedNetworks: [],
      timeoutSeconds: 30,
      maxBytes: 64 * 1024 ** 2,
      cacheDir: this.cacheDir,
      homeDir: join(this.root, 'home'),
      environment: process.env,
      ...options,
    });
  }

  /** A path that does not exist yet. */
  freshPath(): string {
    this.clones += 1;
    return join(this.root, `clone-${this.clones}`);
  }

  /** All files below the room with their contents, links not followed. */
  async contents(directory = this.root): Promise<{ path: string; content: Buffer }[]> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return Promise.all(files.map(async (path) => ({ path, content: await readFile(path) })));
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
