import { Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../../common/clock';
import { WorkControl } from '../../common/concurrency/work-control';
import { DomainError } from '../../common/errors';
import { outsideOfRequests } from '../../common/http/request-context';
import { BuildsConfig } from '../../config/config';
import { SecretUnreadableError } from '../../crypto/secret-box';
import { ActiveWork, ServerStoppingError } from '../../runner';
import { hasEnded } from '../domain/build-status';
import type { BuildEntity } from '../persistence/build.entity';
import { BuildRepository } from '../persistence/build.repository';
import { ProviderRepository } from '../persistence/provider.repository';
import { ProviderVersionRepository } from '../persistence/provider-version.repository';
import { ProviderPublisher } from '../provider-publisher.service';
import { BuildCancelledError, BuildFailedError, BuildMovedError } from './build-ends';
import { BuildExecutor } from './build-executor.service';
import { BuildJournal } from './build-journal.service';

/** A build that takes the server down with it must not do so for ever. */
const MAX_ATTEMPTS = 3;

/** Decides which build works when: the oldest first, at most `BUILD_CONCURRENCY` at once. */
@Injectable()
export class BuildScheduler implements OnApplicationBootstrap {
  private readonly logger = new Logger(BuildScheduler.name);
  private readonly atWork = new Map<string, WorkControl>();
  private readonly tasks = new Set<Promise<void>>();
  private filling: Promise<void> | null = null;
  private mustFillAgain = false;
  private isStopping = false;

  constructor(
    private readonly builds: BuildRepository,
    private readonly providers: ProviderRepository,
    private readonly versions: ProviderVersionRepository,
    private readonly journal: BuildJournal,
    private readonly executor: BuildExecutor,
    private readonly publisher: ProviderPublisher,
    private readonly activeWork: ActiveWork,
    private readonly config: BuildsConfig,
    private readonly clock: Clock,
  ) {}

  /** A build that was at work when a server ended begins anew, and what that one started is ended first. */
  async onApplicationBootstrap(): Promise<void> {
    this.activeWork.register((ids) => this.builds.findActive(ids));
    for (const build of await this.builds.findByStatus('building')) {
      this.track(this.takeBack(build), build.id);
    }
    for (const build of await this.builds.findUnpublished()) this.track(this.publish(build), build.id);
    this.wake();
  }

  /** Starts what can be started. */
  wake(): void {
    this.mustFillAgain = true;
    if (this.filling || this.isStopping) return;
    this.filling = outsideOfRequests(() => this.fill())
      .catch((error: unknown) => this.logger.error({ event: 'build_scheduler_failed' }, error))
      .finally(() => {
        this.filling = null;
        // Asked for after the last look.
        if (this.mustFillAgain) this.wake();
      });
  }

  /** Tells the work on a build to end. False when none is going on. */
  cancel(buildId: string): boolean {
    const control = this.atWork.get(buildId);
    control?.cancel(false);
    return control !== undefined;
  }

  /** Lets go of what is at work: the next server begins it anew. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const control of this.atWork.values()) control.letGo();
    await Promise.allSettled([...this.tasks]);
  }

  private async takeBack(build: BuildEntity): Promise<void> {
    const namespaceId = await this.namespaceOf(build);
    if (namespaceId !== null) await this.executor.clear(build, namespaceId);
    if (build.cancelRequestedAt !== null) {
      await this.journal.move(build, 'cancelled', { errorMessage: `Cancelled by ${build.cancelledBy}.` });
    } else if (build.attempt >= MAX_ATTEMPTS) {
      const errorMessage = `The server ended ${MAX_ATTEMPTS} times while it was built; it is not tried again.`;
      await this.journal.move(build, 'failed', { errorMessage });
    } else {
      await this.executor.note(build, 'The server was restarted; the build begins anew.');
      const platforms = build.platforms.map((platform) => ({ ...platform, status: 'queued' as const }));
      await this.journal.move(build, 'queued', { platforms });
    }
    this.wake();
  }

  private async fill(): Promise<void> {
    while (this.mustFillAgain && !this.isStopping) {
      this.mustFillAgain = false;
      for (const build of await this.builds.findByStatus('queued')) {
        if (this.atWork.size >= this.config.concurrency || this.isStopping) break;
        if (!this.atWork.has(build.id)) this.begin(build);
      }
    }
  }

  private begin(build: BuildEntity): void {
    const control = new WorkControl();
    this.atWork.set(build.id, control);
    const work = this.work(build, control).finally(() => {
      this.atWork.delete(build.id);
      this.wake();
    });
    this.track(work, build.id);
  }

  private async work(queued: BuildEntity, control: WorkControl): Promise<void> {
    const startedAt = this.clock.timestamp();
    const build = await this.journal.move(queued, 'building', { startedAt, attempt: queued.attempt + 1 });
    if (!build) return;
    // Asked for while a restarted server took the build back.
    if (build.cancelRequestedAt !== null) control.cancel(false);
    try {
      await this.execute(build, control);
    } catch (error) {
      const isCancelled = control.isCancelled && !(error instanceof BuildMovedError);
      await this.end(build.id, isCancelled ? new BuildCancelledError() : error);
      return;
    }
    if (build.publish) await this.publish(build);
  }

  private async execute(build: BuildEntity, control: WorkControl): Promise<void> {
    const version = await this.versions.findById(build.versionId);
    const provider = version && (await this.providers.findById(version.providerId));
    if (!version || !provider) throw new BuildMovedError();
    const { gitUrl } = provider;
    const { commitSha } = version;
    if (gitUrl === null || commitSha === null) {
      throw new BuildFailedError('The provider has no git_url, or the version no commit: there is nothing to build.');
    }
    await this.executor.execute(build, { ...provider, gitUrl }, { ...version, commitSha }, control);
  }

  /** A version that is to be published when it is built. What is wrong stands in the `error_message` of the build. */
  private async publish(build: BuildEntity): Promise<void> {
    const version = await this.versions.findById(build.versionId);
    if (!version) return;
    try {
      await this.publisher.publish(build.createdBy, version.providerId, version.id);
    } catch (error) {
      const reason = messageOf(error) ?? 'the server made a mistake; its log has the details.';
      this.logger.warn(
        { event: 'build_not_published', build_id: build.id },
        error instanceof Error ? error.stack : error,
      );
      await this.journal.recordProblem(build, `Built, but not published: ${reason}`);
    }
  }

  /** Closes a build whose work ended with an error. */
  private async end(buildId: string, error: unknown): Promise<void> {
    if (error instanceof ServerStoppingError || error instanceof BuildMovedError || this.isStopping) return;
    const build = await this.builds.findById(buildId);
    if (!build || hasEnded(build.status)) return;
    if (error instanceof BuildCancelledError) {
      await this.journal.move(build, 'cancelled', { errorMessage: `Cancelled by ${build.cancelledBy}.` });
      return;
    }
    const known = messageOf(error);
    if (known === null) {
      this.logger.error(
        { event: 'build_failed_internally', build_id: buildId },
        error instanceof Error ? error.stack : error,
      );
    }
    const errorMessage = known ?? 'The server made a mistake; its log has the details under the id of this build.';
    await this.executor.note(build, errorMessage);
    await this.journal.move(build, 'failed', { errorMessage });
  }

  private async namespaceOf(build: BuildEntity): Promise<string | null> {
    const version = await this.versions.findById(build.versionId);
    const provider = version && (await this.providers.findById(version.providerId));
    return provider?.namespaceId ?? null;
  }

  /** Work that nobody waits for; its last errors are for the log. */
  private track(work: Promise<void>, buildId: string): void {
    const task = work
      .catch((error: unknown) => {
        if (!this.isStopping) this.logger.error({ event: 'build_not_recorded', build_id: buildId }, error);
      })
      .finally(() => this.tasks.delete(task));
    this.tasks.add(task);
  }
}

/** Null: nobody foresaw this error. */
function messageOf(error: unknown): string | null {
  const isKnown =
    error instanceof BuildFailedError || error instanceof DomainError || error instanceof SecretUnreadableError;
  return isKnown ? error.message : null;
}
