import { Inject, Injectable } from '@nestjs/common';
import { posix } from 'node:path';
import { GIT_PORT, GitPort, GitReferences, GitTreeEntry, RemoteForgetting } from '../git';
import { normalizeRepositoryPath } from '../common/text/repository-path';
import type { TreeQuery } from './dto/deployments.query';
import type { BrowseResponse } from './dto/repository.response';
import { RunSecrets } from './execution/run-secrets';
import { refusingAs } from '../common/refusing-as';
import type { DeploymentEntity } from './persistence/deployment.entity';
import { assertGitRef } from '../git';

const README = /^readme(\.md|\.markdown|\.txt|\.rst)?$/i;
const CONFIGURATION = /\.(tf|tofu)(\.json)?$/;
const VARIABLES = /\.tfvars(\.json)?$/;
const MAX_README_BYTES = 2 ** 20;

/** Looks into a deployment's repository, from the cached mirror. */
@Injectable()
export class RepositoryBrowser {
  private readonly stopping = new AbortController();

  constructor(
    @Inject(GIT_PORT) private readonly git: GitPort,
    private readonly secrets: RunSecrets,
    private readonly remotes: RemoteForgetting,
  ) {}

  /** Ends what git does at the moment: the server stops. */
  stop(): void {
    this.stopping.abort();
  }

  references(deployment: DeploymentEntity): Promise<GitReferences> {
    return this.git.references(this.secrets.remoteOf(deployment), this.stopping.signal);
  }

  async browse(deployment: DeploymentEntity, query: TreeQuery): Promise<BrowseResponse> {
    const { path, ref, commitSha, entries } = await this.list(deployment, query);
    const readme = entries.find(({ name, type }) => type === 'file' && README.test(name));
    const remote = this.secrets.remoteOf(deployment);
    const content = readme
      ? await this.git.readFile(remote, commitSha, readme.path, MAX_README_BYTES, this.stopping.signal)
      : null;
    return {
      ref,
      commit_sha: commitSha,
      path,
      files: entries,
      readme: content?.toString('utf8') ?? null,
      has_iac: entries.some(({ name, type }) => type === 'file' && CONFIGURATION.test(name)),
    };
  }

  /** Files that a run of this folder may name, relative to it. */
  async tfvarsFiles(deployment: DeploymentEntity, query: TreeQuery): Promise<string[]> {
    const { path, entries } = await this.list(deployment, query);
    return entries
      .filter(({ name, type }) => type === 'file' && VARIABLES.test(name))
      .map((entry) => posix.relative(path, entry.path))
      .sort();
  }

  /** Forgets the cached mirror: the deployment has another remote now, or is gone. */
  forget(deployment: DeploymentEntity): void {
    this.remotes.forget('deployment', deployment);
  }

  private async list(
    deployment: DeploymentEntity,
    query: TreeQuery,
  ): Promise<{ path: string; ref: string; commitSha: string; entries: GitTreeEntry[] }> {
    const path = normalizeRepositoryPath(query.path ?? deployment.workingDirectory, 'path');
    const ref = query.ref ?? deployment.defaultRef;
    if (ref !== null) refusingAs('ref', () => assertGitRef(ref));
    return { path, ...(await this.git.listTree(this.secrets.remoteOf(deployment), ref, path, this.stopping.signal)) };
  }
}
