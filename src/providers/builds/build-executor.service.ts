import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit';
import { writeZip } from '../../archives';
import type { WorkControl } from '../../common/concurrency/work-control';
import { findEscapingLink } from '../../common/files/links';
import { SecretPatterns } from '../../common/secrets/secret-patterns';
import { BuildsConfig, RunsConfig } from '../../config/config';
import { GIT_PORT, type GitPort, type GitRemote, RemoteSecrets } from '../../git';
import { type LogSink, PhaseLog } from '../../live-logs/phase-log';
import {
  binaryName,
  buildArguments,
  buildEnvironment,
  parseGoVersion,
  platformEnvironment,
  proxySecrets,
  shownEnvironment,
} from '../domain/build-command';
import type { BuildEvidence, BuildPlatform } from '../domain/build-record';
import type { BuildStatus } from '../domain/build-status';
import { findEscapingReplacement } from '../domain/go-module';
import { published } from '../domain/providers.errors';
import { BuildEventRepository } from '../persistence/build-event.repository';
import type { BuildEntity } from '../persistence/build.entity';
import type { ProviderEntity } from '../persistence/provider.entity';
import type { ProviderPlatformEntity } from '../persistence/provider-platform.entity';
import type { ProviderVersionEntity } from '../persistence/provider-version.entity';
import { ProviderVersionRepository } from '../persistence/provider-version.repository';
import { providerVersionEvent } from '../provider-audit';
import { ProviderPackages } from '../provider-packages.service';
import { ProviderVersions } from '../provider-versions.service';
import { BuildCancelledError, BuildFailedError, BuildMovedError } from './build-ends';
import { BuildJournal } from './build-journal.service';
import { BUILD_PHASE } from './build-streams';
import { type BuildWorkspace, BuildWorkspaces } from './build-workspace';
import { type GoCall, GoCaller } from './go-caller.service';

/** One build in the hands of the executor. */
interface Work {
  build: BuildEntity;
  provider: ProviderEntity;
  version: ProviderVersionEntity;
  remote: GitRemote;
  workspace: BuildWorkspace;
  patterns: SecretPatterns;
  control: WorkControl;
}

/**
 * The steps of a build: checkout → Go's version → each platform → all packages into the version, as one unit. A build
 * that does not come to its end leaves nothing in the version. It begins anew after a restart, and never goes on.
 */
@Injectable()
export class BuildExecutor {
  constructor(
    @Inject(GIT_PORT) private readonly git: GitPort,
    private readonly secrets: RemoteSecrets,
    private readonly go: GoCaller,
    private readonly journal: BuildJournal,
    private readonly events: BuildEventRepository,
    private readonly workspaces: BuildWorkspaces,
    private readonly packages: ProviderPackages,
    private readonly versions: ProviderVersionRepository,
    private readonly drafts: ProviderVersions,
    private readonly audit: AuditService,
    private readonly config: BuildsConfig,
    private readonly runsConfig: RunsConfig,
  ) {}

  /**
   * From `building` to `success`.
   * @throws BuildFailedError, BuildCancelledError, BuildMovedError, DomainError
   */
  async execute(
    build: BuildEntity,
    provider: ProviderEntity & { gitUrl: string },
    version: ProviderVersionEntity & { commitSha: string },
    control: WorkControl,
  ): Promise<void> {
    const remote = this.secrets.remoteOf('provider', provider);
    const { password, sshKey } = remote.credentials;
    const workspace = this.workspaces.of(build.id, provider.namespaceId);
    // Where it works on the host is nobody's business either.
    const hidden = [password, sshKey, workspace.directory, ...proxySecrets(this.config.goProxy)].filter(
      (value): value is string => value !== null,
    );
    const patterns = new SecretPatterns(hidden);
    const work: Work = { build, provider, version, remote, workspace, patterns, control };
    try {
      await this.checkOut(work, version.commitSha);
      const goVersion = await this.askVersion(work);
      const built: ProviderPlatformEntity[] = [];
      for (const platform of build.platforms) built.push(await this.buildPlatform(work, platform));
      await this.finish(work, built, this.evidenceOf(work, version.commitSha, goVersion, built));
    } finally {
      // A server that stops leaves what it began to the next one, which ends it first.
      const isLetGo = control.signal.aborted && !control.isCancelled;
      if (!isLetGo) await workspace.remove();
    }
  }

  /** Clears what an earlier server left of a build. */
  async clear(build: BuildEntity, namespaceId: string): Promise<void> {
    const workspace = this.workspaces.of(build.id, namespaceId);
    await this.go.endEarlierCalls(workspace);
    await workspace.remove();
  }

  /** A line of the platform's in the log of a build. */
  async note(build: BuildEntity, text: string): Promise<void> {
    await (await this.openLog(build, new SecretPatterns([]))).note(text);
  }

  private async checkOut(work: Work, commitSha: string): Promise<void> {
    const { workspace, control } = work;
    await workspace.create();
    await workspace.assertSpace();
    const log = await this.openLog(work.build, work.patterns);
    try {
      await this.git.clone(work.remote, commitSha, workspace.checkout, {
        signal: control.signal,
        onOutput: (text) => void log.write(text),
      });
    } catch (error) {
      if (control.isCancelled) throw new BuildCancelledError();
      throw error;
    }
    const escaping = await findEscapingLink(workspace.checkout);
    if (escaping !== null) {
      throw new BuildFailedError(`The link "${escaping}" leads out of the repository, or nowhere: remove it.`);
    }
    await workspace.giveCheckoutToRunner();
    await this.assertSelfContained(work, log);
    await log.note(`Checked out ${work.version.gitTag ?? 'the version'} at commit ${commitSha}.`);
    work.build = await this.update(work, { commitSha });
  }

  /** The same commit must give the same bytes wherever it is built. */
  private async assertSelfContained(work: Work, log: PhaseLog): Promise<void> {
    // Without a go.mod there is nothing to build, which go says better.
    if (!existsSync(join(work.workspace.checkout, 'go.mod'))) return;
    const call = { name: 'mod', command: 'mod' as const, args: ['edit', '-json'], environment: {} };
    const replacement = findEscapingReplacement(await this.answerOf(work, call, log));
    if (replacement === null) return;
    throw new BuildFailedError(
      `go.mod replaces a module by a folder outside the repository (${replacement}): the build would not be the same elsewhere.`,
    );
  }

  /** What a command answers that nobody needs to see, unless it fails. */
  private async answerOf(work: Work, call: GoCall, log: PhaseLog): Promise<string> {
    let shown = '';
    const unseen = this.unseenLog(work.patterns, (piece) =>
      Promise.resolve(void (shown += piece.data.toString('utf8'))),
    );
    try {
      const { output, output_truncated: isCut } = await this.go.call(work.workspace, call, unseen, work.control);
      if (isCut) throw new BuildFailedError(`The answer of go ${call.command} is larger than a build takes.`);
      return output;
    } catch (error) {
      if (error instanceof BuildFailedError && shown !== '') await log.write(shown);
      throw error;
    }
  }

  private async askVersion(work: Work): Promise<string> {
    const log = await this.openLog(work.build, work.patterns);
    const call = { name: 'version', command: 'version' as const, args: [], environment: {} };
    const { output } = await this.go.call(work.workspace, call, log, work.control);
    const goVersion = parseGoVersion(output);
    if (goVersion === null) throw new BuildFailedError('The program "go" of the runner does not say its version.');
    work.build = await this.update(work, { goVersion });
    return goVersion;
  }

  private async buildPlatform(work: Work, platform: BuildPlatform): Promise<ProviderPlatformEntity> {
    const { os, arch } = platform;
    const { workspace, provider, version } = work;
    await this.setPlatform(work, platform, 'building');
    const log = await this.openLog(work.build, work.patterns);
    await log.note(`Building for ${os}/${arch}.`);
    const binary = binaryName(provider.name, version.version, os);
    try {
      await rm(join(workspace.output, binary), { recursive: true, force: true });
      await this.go.call(
        workspace,
        {
          name: `${os}_${arch}`,
          command: 'build',
          args: buildArguments(version.version, join(workspace.output, binary)),
          environment: { ...buildEnvironment(this.config.goProxy), ...platformEnvironment(platform) },
        },
        log,
        work.control,
      );
      const taken = await this.pack(work, platform, binary);
      await this.setPlatform(work, platform, 'success');
      return taken;
    } catch (error) {
      if (!(error instanceof BuildFailedError)) throw error;
      await this.setPlatform(work, platform, 'failed');
      throw new BuildFailedError(`${os}/${arch}: ${error.message}`);
    }
  }

  private async pack(work: Work, platform: BuildPlatform, binary: string): Promise<ProviderPlatformEntity> {
    const { workspace, provider, version } = work;
    const program = await workspace.takeOut(binary);
    if (program === null)
      throw new BuildFailedError('go build succeeded, but left no program: is there a main package?');
    const zip = await workspace.packageFile(platform.os, platform.arch);
    await writeZip([{ path: program, name: binary, executable: true }], zip);
    await rm(program, { force: true });
    const of = { name: provider.name, version: version.version, versionId: version.id };
    return this.packages.take(zip, of, platform, work.control.signal);
  }

  /** All packages become part of the version together with the build's success, or none does. */
  private async finish(work: Work, built: ProviderPlatformEntity[], evidence: BuildEvidence): Promise<void> {
    if (work.control.isCancelled) throw new BuildCancelledError();
    const { build, provider, version } = work;
    const shasums = Object.fromEntries(built.map(({ filename, shasum }) => [filename, shasum]));
    const event = providerVersionEvent(build.createdBy, 'build', provider, version, { build_id: build.id, shasums });
    const moved = await this.journal.move(build, 'success', { evidence }, async (transaction) => {
      if ((await this.versions.findById(version.id))?.status !== 'draft') throw published(version.version);
      await this.drafts.addPlatforms(transaction, built);
      await this.audit.record(transaction, event);
    });
    if (!moved) throw new BuildMovedError();
  }

  private evidenceOf(work: Work, commitSha: string, goVersion: string, built: ProviderPlatformEntity[]): BuildEvidence {
    return {
      command: ['go', 'build', ...buildArguments(work.version.version, null)],
      environment: shownEnvironment(buildEnvironment(this.config.goProxy)),
      go_version: goVersion,
      commit_sha: commitSha,
      artifacts: built.map(({ os, arch, filename, sizeBytes, shasum }) => ({
        os,
        arch,
        filename,
        size_bytes: sizeBytes,
        shasum,
      })),
    };
  }

  private async setPlatform(work: Work, platform: BuildPlatform, status: BuildStatus): Promise<void> {
    const platforms = work.build.platforms.map((each) =>
      each.os === platform.os && each.arch === platform.arch ? { ...each, status } : each,
    );
    work.build = await this.update(work, { platforms });
  }

  private async update(work: Work, changes: Parameters<BuildJournal['update']>[1]): Promise<BuildEntity> {
    const updated = await this.journal.update(work.build, changes);
    if (!updated) throw new BuildMovedError();
    return updated;
  }

  /** A log that nobody is shown unless something goes wrong. */
  private unseenLog(patterns: SecretPatterns, sink: LogSink): PhaseLog {
    return new PhaseLog(BUILD_PHASE, patterns, sink, this.runsConfig.logMaxBytes, { size: 0, sourceEnd: 0 });
  }

  /** Each command has a file of output of its own, which is taken in from its beginning. */
  private async openLog(build: BuildEntity, patterns: SecretPatterns): Promise<PhaseLog> {
    const size = await this.events.findLogSize(build.id, BUILD_PHASE);
    return new PhaseLog(
      BUILD_PHASE,
      patterns,
      (piece) => this.journal.appendLog(build.id, piece),
      this.runsConfig.logMaxBytes,
      { size, sourceEnd: 0 },
    );
  }
}
