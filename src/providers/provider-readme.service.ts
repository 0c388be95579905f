import { Inject, Injectable } from '@nestjs/common';
import { DomainError, NotFoundError } from '../common/errors';
import { GIT_PORT, type GitPort, RemoteSecrets } from '../git';
import { byVersionDescending, TagSync } from '../sources';
import type { ProviderReadmeResponse } from './dto/provider.response';
import { ProviderVersionRepository } from './persistence/provider-version.repository';
import { ProviderReader } from './provider-reader.service';

const README = /^readme(\.md|\.markdown|\.txt|\.rst)?$/i;
const MAX_README_BYTES = 2 ** 20;

/** Reads what a provider's repository tells of it. */
@Injectable()
export class ProviderReadme {
  constructor(
    private readonly reader: ProviderReader,
    private readonly versions: ProviderVersionRepository,
    private readonly secrets: RemoteSecrets,
    @Inject(GIT_PORT) private readonly git: GitPort,
    private readonly sync: TagSync,
  ) {}

  /** Of a version, or of the latest one; drafts count when nothing is published. @throws NotFoundError, GitError */
  async read(id: string, asked: string | undefined): Promise<ProviderReadmeResponse> {
    const provider = await this.reader.getEntity(id);
    const all = (await this.versions.findAll(id)).sort(byVersionDescending);
    const number = asked ?? provider.latestVersion ?? all[0]?.version;
    if (number === undefined) throw new DomainError('not-found', 'not-found', 'The provider has no version yet.');
    const version = all.find((each) => each.version === number);
    if (!version) throw new NotFoundError('version');
    if (provider.gitUrl === null || version.commitSha === null) return { version: version.version, content: null };
    const remote = this.secrets.remoteOf('provider', { ...provider, gitUrl: provider.gitUrl });
    const { signal } = this.sync;
    const { commitSha, entries } = await this.git.listTree(remote, version.commitSha, '.', signal);
    const readme = entries.find(({ name, type }) => type === 'file' && README.test(name));
    const content = readme ? await this.git.readFile(remote, commitSha, readme.path, MAX_README_BYTES, signal) : null;
    return { version: version.version, content: content?.toString('utf8') ?? null };
  }
}
