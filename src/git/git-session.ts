import { setTimeout as sleep } from 'node:timers/promises';
import type { SimpleGit } from 'simple-git';
import type { BlockedNetworks } from './blocked-networks';
import { untilAborted } from '../common/concurrency/until-aborted';
import { gitConfiguration, pinnedHost, usesProxy } from './git-environment';
import { toGitError } from './git-failure';
import { GitExit, runGit } from './git-process';
import { asGitError, GitError } from './git.errors';
import type { GitCredentials } from './git.port';
import type { RemoteAccess } from './remote-access';
import type { RemoteAddress } from './remote-url';
import { LineScrubber, type Scrubber } from './scrub';

/** Pauses before the second and the third try of a network operation. */
const PAUSES_MS = [500, 1000];

/** A repository on disk: named to git explicitly, so that it never goes looking for one in the folders above. */
export interface Place {
  /** Where git is started. */
  directory: string;
  gitDir: string;
}

export interface SessionParts {
  address: RemoteAddress;
  credentials: GitCredentials;
  access: RemoteAccess;
  /** Environment common to all git processes. */
  environment: Readonly<Record<string, string>>;
  networks: BlockedNetworks;
  scrub: Scrubber;
  signal: AbortSignal;
  onOutput?: (text: string) => void;
}

/** The git commands of one operation on one remote. Throws nothing but `GitError`. */
export class GitSession {
  constructor(private readonly parts: SessionParts) {}

  get url(): string {
    return this.parts.address.url;
  }

  get signal(): AbortSignal {
    return this.parts.signal;
  }

  /** The same session under a stricter signal or with somewhere to send git's progress. */
  with(parts: Partial<Pick<SessionParts, 'signal' | 'onOutput'>>): GitSession {
    return new GitSession({ ...this.parts, ...parts });
  }

  /** Runs a command that needs no network and no credentials. */
  async local(place: Place, args: string[]): Promise<string> {
    return this.run(place, { ...this.parts.environment, ...gitConfiguration() }, (git) => git.raw(args));
  }

  /** Reads one object whose size is known. */
  async readBlob(place: Place, sha: string): Promise<Buffer> {
    const environment = { ...this.parts.environment, ...gitConfiguration() };
    return this.run(place, environment, (git) => git.binaryCatFile(['blob', sha]) as Promise<Buffer>);
  }

  /** Runs a command that speaks to the remote; tries again when the network is at fault. */
  async remote(place: Place, args: string[]): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.run(place, await this.remoteEnvironment(attempt), (git) => git.raw(args));
      } catch (error) {
        const pause = PAUSES_MS[attempt];
        if (!(error instanceof GitError) || !error.isTransient || pause === undefined) throw error;
        await untilAborted(sleep(pause), this.signal);
      }
    }
  }

  /** Looks the host up anew for each try, and ties git to the addresses that were checked. */
  private async remoteEnvironment(attempt: number): Promise<Record<string, string>> {
    const { address, access, environment } = this.parts;
    const common = { ...environment, ...access.environment, GIT_ALLOW_PROTOCOL: address.scheme };
    if (address.host === null || address.port === null) return { ...common, ...gitConfiguration() };
    const addresses = await this.resolve(address.host);
    if (address.scheme === 'ssh') {
      // ssh takes one address only: the next try takes the next one.
      const pinned = addresses[attempt % addresses.length] ?? '';
      return { ...common, ...gitConfiguration(), PLOMADA_SSH_ADDRESS: pinned };
    }
    const pin = addresses.length > 0 ? [pinnedHost(address.host, address.port, addresses)] : [];
    return { ...common, ...gitConfiguration(pin) };
  }

  private async resolve(host: string): Promise<string[]> {
    const { networks, environment, address } = this.parts;
    try {
      return await untilAborted(networks.resolve(host), this.signal);
    } catch (error) {
      // Behind a proxy the server may know no names at all; the proxy does.
      const isUnknown = error instanceof GitError && error.code === 'git-unreachable';
      if (isUnknown && usesProxy(environment, address.scheme)) return [];
      throw error;
    }
  }

  private async run<T>(
    place: Place,
    environment: Record<string, string>,
    task: (git: SimpleGit) => Promise<T>,
  ): Promise<T> {
    const { signal, scrub, onOutput } = this.parts;
    const output = onOutput && new LineScrubber(scrub, onOutput);
    try {
      return await runGit(
        {
          environment: { ...environment, GIT_DIR: place.gitDir },
          directory: place.directory,
          signal,
          onProgress: output && ((chunk) => output.push(chunk)),
        },
        task,
      );
    } catch (error) {
      throw this.toGitError(error);
    } finally {
      output?.flush();
    }
  }

  private toGitError(error: unknown): unknown {
    if (error instanceof GitError) return error;
    if (!(error instanceof GitExit)) return asGitError(error);
    const { address, credentials, scrub } = this.parts;
    const hasPassword = Boolean(credentials.username ?? credentials.password);
    return toGitError(error, { address, hasPassword, hasSshKey: Boolean(credentials.sshKey), scrub });
  }
}
