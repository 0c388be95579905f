import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable, OnModuleInit } from '@nestjs/common';
import type { Actor } from '../../common/access/actor';
import { ScopedTokens } from '../../common/access/scoped-tokens';
import { PublicAddress } from '../../common/http/public-address';
import { DerivedKeys } from '../../crypto/derived-keys';
import { isAtWork } from '../domain/run-status';
import { renderCliConfiguration } from '../domain/cli-configuration';
import { DeploymentRepository } from '../persistence/deployment.repository';
import { RunRepository } from '../persistence/run.repository';

const PREFIX = 'plr_';
const TOKEN = /^plr_([0-9a-f]{32})_([\w-]{43})$/;

/**
 * Lets the tool of a run use this server's own registry, without anybody setting a token: a CLI configuration with a
 * token of the run. The token reads the registry's part of the run's namespace, and nothing else; it works while the
 * run is worked on, and neither before nor after. It is made out of the run's id, so it need not be kept.
 */
@Injectable()
export class RunRegistryAccess implements OnModuleInit {
  private readonly key: Buffer;

  constructor(
    keys: DerivedKeys,
    private readonly tokens: ScopedTokens,
    private readonly runs: RunRepository,
    private readonly deployments: DeploymentRepository,
    private readonly address: PublicAddress,
  ) {
    this.key = keys.for('registry tokens of runs');
  }

  onModuleInit(): void {
    this.tokens.register(PREFIX, (token) => this.verify(token));
  }

  /** The token of a run; a secret, to be masked in its logs. */
  tokenOf(runId: string): string {
    const id = runId.replaceAll('-', '');
    return `${PREFIX}${id}_${this.signatureOf(id).toString('base64url')}`;
  }

  /** What the tool of a run is configured with. */
  configurationOf(runId: string): string {
    return renderCliConfiguration(this.address.host, this.address.forRunners, this.tokenOf(runId));
  }

  private async verify(token: string): Promise<Actor | null> {
    const [, id = '', signature = ''] = TOKEN.exec(token) ?? [];
    const given = Buffer.from(signature, 'base64url');
    const expected = this.signatureOf(id);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const run = await this.runs.findById(id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
    if (!run || !isAtWork(run.status)) return null;
    const deployment = await this.deployments.findById(run.deploymentId);
    if (!deployment) return null;
    return {
      keyId: `run:${run.id}`,
      namespaceId: deployment.namespaceId,
      permissions: 'read',
      expiresAt: null,
      label: `run ${run.id}`,
      grant: { for: 'registry' },
    };
  }

  private signatureOf(id: string): Buffer {
    return createHmac('sha256', this.key).update(id).digest();
  }
}
