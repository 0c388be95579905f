import type { Files, GitRepository } from './git-fixture';
import { createRepository } from './git-fixture';
import { eventually } from './eventually';
import { EventStream, openStream } from './event-stream';
import { ADMIN_KEY, TestResponse } from './test-server';

/** What a driver needs of a server: how to ask it, and where it is. */
export interface DrivenServer {
  url: string;
  /** The admin key; the test server's when absent. */
  adminKey?: string;
  request(method: string, path: string, body?: unknown): Promise<TestResponse>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- runs as the API answers them
export type RunBody = any;

let deploymentNumber = 0;

/** A deployment on a test server, with what a person does to it. */
export class DeploymentDriver {
  private constructor(
    /** May be replaced by another process that serves the same data. */
    public server: DrivenServer,
    readonly id: string,
    readonly repository: GitRepository,
  ) {}

  /** Makes a repository with these files, and a deployment of it. */
  static async create(
    server: DrivenServer,
    files: Files,
    fields: Record<string, unknown> = {},
  ): Promise<DeploymentDriver> {
    const repository = await createRepository({ files });
    const answer = await server.request('POST', '/api/deployments', {
      namespace_id: 'default',
      name: `test-${++deploymentNumber}`,
      git_url: repository.url,
      ...fields,
    });
    if (answer.status !== 201) throw new Error(`The deployment was not made: ${answer.text}`);
    return new DeploymentDriver(server, answer.body.id, repository);
  }

  get path(): string {
    return `/api/deployments/${this.id}`;
  }

  /** Starts a run and returns it as it was answered. */
  async start(fields: Record<string, unknown> = {}): Promise<RunBody> {
    const answer = await this.server.request('POST', `${this.path}/runs`, fields);
    if (answer.status !== 201) throw new Error(`The run was not made: ${answer.text}`);
    return answer.body;
  }

  async get(runId: string): Promise<RunBody> {
    return (await this.server.request('GET', `${this.path}/runs/${runId}`)).body;
  }

  act(runId: string, action: 'approve' | 'cancel', body: unknown): Promise<TestResponse> {
    return this.server.request('POST', `${this.path}/runs/${runId}/${action}`, body);
  }

  /** Waits until the run has one of these statuses. @throws Error with the run when it ends in another one */
  async reach(runId: string, ...statuses: string[]): Promise<RunBody> {
    let last: RunBody;
    return eventually(
      `run ${statuses.join(' or ')}`,
      async () => {
        last = await this.get(runId);
        if (statuses.includes(last.status)) return last;
        if (['success', 'failed', 'cancelled'].includes(last.status)) {
          throw new Error(
            `The run is ${last.status}: ${last.error_message}\n${last.init_log}${last.plan_log}${last.apply_log}`,
          );
        }
        return undefined;
      },
      45_000,
      () => `(it is ${last?.status})`,
    );
  }

  /** Starts a run, approves its plan, and waits for its success. */
  async apply(fields: Record<string, unknown> = {}): Promise<RunBody> {
    const run = await this.start({ auto_approve: true, ...fields });
    return this.reach(run.id, 'success');
  }

  stream(runId: string, lastEventId?: string): Promise<EventStream> {
    return openStream(
      `${this.server.url}${this.path}/runs/${runId}/stream`,
      this.server.adminKey ?? ADMIN_KEY,
      lastEventId,
    );
  }

  async log(runId: string, phase: string, query = ''): Promise<string> {
    return (await this.server.request('GET', `${this.path}/runs/${runId}/logs/${phase}${query}`)).text;
  }
}
