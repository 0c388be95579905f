import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable, OnModuleInit } from '@nestjs/common';
import type { Actor } from '../../common/access/actor';
import { ScopedTokens } from '../../common/access/scoped-tokens';
import { PublicAddress } from '../../common/http/public-address';
import { DerivedKeys } from '../../crypto/derived-keys';
import { backendEnvironment } from '../domain/managed-backend';
import type { RunStatus } from '../domain/run-status';
import { DeploymentRepository } from '../persistence/deployment.repository';
import type { RunEntity } from '../persistence/run.entity';
import { type RunAttempt, RunRepository } from '../persistence/run.repository';

const PREFIX = 'pls_';
/** The first attempt is not named: so tools that an earlier version started, which knew none, are served to their end. */
const TOKEN = /^pls_([0-9a-f]{32})(?:_([2-9]|[1-9]\d{1,8}))?_(init|plan|apply)_([\w-]{43})$/;

/** A command of a run that reaches the state, and what it may do there while the run is in this status. */
const PHASES = {
  // A second attempt begins with init again, and the run is planning since the first.
  init: { during: ['initializing', 'planning'], may: 'read' },
  plan: { during: ['planning'], may: 'lock' },
  apply: { during: ['applying'], may: 'write' },
} as const satisfies Record<string, { during: RunStatus[]; may: 'read' | 'lock' | 'write' }>;

export type StatePhase = keyof typeof PHASES;

/**
 * The credentials that the tool of a run has for the state: one token for each attempt and phase, dead when either ends,
 * and good for no more than the phase needs. So what is left of an attempt that was given up touches no state. Whatever runs in a plan can read its environment; it gets nothing to write with.
 */
@Injectable()
export class RunStateAccess implements OnModuleInit {
  private readonly key: Buffer;

  constructor(
    keys: DerivedKeys,
    private readonly tokens: ScopedTokens,
    private readonly runs: RunRepository,
    private readonly deployments: DeploymentRepository,
    private readonly address: PublicAddress,
  ) {
    this.key = keys.for('state tokens of runs');
  }

  onModuleInit(): void {
    this.tokens.register(PREFIX, (token) => this.verify(token));
  }

  /** The environment of one command. It holds a secret. */
  environmentOf(run: RunEntity, phase: StatePhase): Record<string, string> {
    const path = encodeURIComponent(run.path);
    const address = `${this.address.forRunners}/v1/state/${run.deploymentId}?path=${path}`;
    return backendEnvironment({ address, password: this.tokenOf(run, phase), isImpatient: phase === 'init' });
  }

  /** All tokens of an attempt at a run, to be masked in its logs. */
  tokensOf(run: RunAttempt): string[] {
    return (Object.keys(PHASES) as StatePhase[]).map((phase) => this.tokenOf(run, phase));
  }

  private tokenOf({ id: runId, attempt }: RunAttempt, phase: StatePhase): string {
    const subject = [runId.replaceAll('-', ''), ...(attempt === 1 ? [] : [attempt])].join('_');
    return `${PREFIX}${subject}_${phase}_${this.signatureOf(subject, phase).toString('base64url')}`;
  }

  private async verify(token: string): Promise<Actor | null> {
    const [, id = '', attempt, phase = '', signature = ''] = TOKEN.exec(token) ?? [];
    const given = Buffer.from(signature, 'base64url');
    const expected = this.signatureOf(attempt === undefined ? id : `${id}_${attempt}`, phase);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const { during, may }: { during: readonly RunStatus[]; may: 'read' | 'lock' | 'write' } =
      PHASES[phase as StatePhase];
    const run = await this.runs.findById(id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
    if (!run || run.attempt !== Number(attempt ?? 1) || !during.includes(run.status)) return null;
    const deployment = await this.deployments.findById(run.deploymentId);
    if (!deployment) return null;
    return {
      keyId: `run:${run.id}`,
      namespaceId: deployment.namespaceId,
      permissions: 'write',
      expiresAt: null,
      // Who is behind the run, since that is whom a blocked user has to talk to.
      label: run.approvedBy ?? run.createdBy,
      grant: { for: 'state', deploymentId: run.deploymentId, path: run.path, runId: run.id, may },
    };
  }

  private signatureOf(subject: string, phase: string): Buffer {
    return createHmac('sha256', this.key).update(`${subject} ${phase}`).digest();
  }
}
