import { Controller, Delete, Get, HttpCode, Lock, Param, Post, Query, Req, Res, Unlock } from '@nestjs/common';
import { ApiBasicAuth, ApiBody, ApiExcludeEndpoint, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentActor, ofState } from '../common/access/access.decorator';
import { type Actor, permits } from '../common/access/actor';
import { DomainError, NotFoundError } from '../common/errors';
import { ApiProblems } from '../common/http/problem.decorator';
import { readBody } from '../common/http/read-body';
import { normalizeRepositoryPath } from '../common/text/repository-path';
import { parseLockInfo } from './domain/lock-info';
import { StateBackendQuery } from './dto/state.query';
import type { StateAuthor } from './domain/state-author';
import type { StateKey } from './domain/state-key';
import { LargeStates } from './large-states';
import { sendState } from './send-state';
import { StateLockedError, StateLocks } from './state-locks.service';
import { StateOwners } from './state-owners';
import { States } from './states.service';

const MAX_LOCK_INFO_BYTES = 64 * 1024;
type Need = 'read' | 'lock' | 'write';
const NEEDS: Need[] = ['read', 'lock', 'write'];

/**
 * The HTTP backend that terraform and tofu talk to (protocol facts, section 6). They take exactly 200 for LOCK and
 * UNLOCK, and show a blocked user nothing but the ID of the answer.
 */
@ApiTags('State backend')
@ApiBasicAuth('basic')
@Controller('v1/state/:deployment_id')
export class StateBackendController {
  constructor(
    private readonly states: States,
    private readonly locks: StateLocks,
    private readonly owners: StateOwners,
    private readonly bodies: LargeStates,
  ) {}

  /** The newest state, byte for byte as it was sent. */
  @Get()
  @Access('write', ofState('deployment_id'))
  @ApiResponse({
    status: 200,
    description: 'The state',
    content: { 'application/json': { schema: { type: 'object' } } },
  })
  @ApiResponse({ status: 204, description: 'There is none yet' })
  @ApiProblems(404)
  async read(
    @CurrentActor() actor: Actor,
    @Param('deployment_id') id: string,
    @Query() query: StateBackendQuery,
    @Res() response: Response,
  ): Promise<void> {
    const { key } = await this.open(actor, id, query, 'read');
    const state = await this.states.read(key);
    if (state === null) response.status(204).end();
    else await sendState(response, state);
  }

  /** Takes a state as the next version: of the same lineage, with a higher serial. */
  @Post()
  @HttpCode(200)
  @Access('write', ofState('deployment_id'))
  @ApiBody({ description: 'The raw state', schema: { type: 'object' } })
  @ApiResponse({ status: 200, description: 'Taken' })
  @ApiProblems(404, 409)
  async write(
    @CurrentActor() actor: Actor,
    @Param('deployment_id') id: string,
    @Query() query: StateBackendQuery,
    @Req() request: Request,
  ): Promise<void> {
    const { key, author } = await this.open(actor, id, query, 'write');
    await this.locks.assertMayWrite(key, query.ID, author);
    await this.bodies.take(request, (bytes) => this.states.write(key, bytes, author, 'state.write', query.ID));
  }

  /** Leaves a state with nothing in it, as a version of its own: what was there can be rolled back to. */
  @Delete()
  @HttpCode(200)
  @Access('write', ofState('deployment_id'))
  @ApiResponse({ status: 200, description: 'Emptied' })
  @ApiProblems(404, 409)
  async empty(
    @CurrentActor() actor: Actor,
    @Param('deployment_id') id: string,
    @Query() query: StateBackendQuery,
  ): Promise<void> {
    const { key, author } = await this.open(actor, id, query, 'write');
    await this.states.empty(key, author, query.ID);
  }

  /** Takes the lock, or answers 423 with the info of whoever holds it. */
  @Lock()
  @Access('write', ofState('deployment_id'))
  @ApiExcludeEndpoint()
  async lock(
    @CurrentActor() actor: Actor,
    @Param('deployment_id') id: string,
    @Query() query: StateBackendQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { key, author } = await this.open(actor, id, query, 'lock');
    const info = parseLockInfo((await readBody(request, MAX_LOCK_INFO_BYTES)).toString('utf8'));
    if (!info?.ID) throw new DomainError('invalid', 'malformed-json', 'The lock info is not JSON with an ID.');
    try {
      await this.locks.lock(key, info, author);
      response.status(200).end();
    } catch (error) {
      if (!(error instanceof StateLockedError)) throw error;
      response.status(423).json(error.held);
    }
  }

  /** Gives the lock back. Without a body, as `force-unlock` of terraform sends it: any lock, for an admin. */
  @Unlock()
  @Access('write', ofState('deployment_id'))
  @ApiExcludeEndpoint()
  async unlock(
    @CurrentActor() actor: Actor,
    @Param('deployment_id') id: string,
    @Query() query: StateBackendQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { key, author } = await this.open(actor, id, query, 'lock');
    const info = parseLockInfo((await readBody(request, MAX_LOCK_INFO_BYTES)).toString('utf8'));
    const mayForce = author.runId === null && permits(actor.permissions, 'admin');
    if (!(await this.locks.unlock(key, info, author, mayForce))) {
      throw new DomainError('conflict', 'state-locked', 'The lock is held by somebody else; an admin may break it.');
    }
    response.status(200).end();
  }

  /** @throws DomainError for a token that may not do this in its phase, or is for another folder */
  private async open(
    actor: Actor,
    id: string,
    query: StateBackendQuery,
    need: Need,
  ): Promise<{ key: StateKey; author: StateAuthor }> {
    const owner = await this.owners.find(id);
    if (!owner) throw new NotFoundError('deployment');
    const path = normalizeRepositoryPath(query.path ?? owner.workingDirectory, 'path');
    const grant = actor.grant?.for === 'state' ? actor.grant : null;
    if (grant && (grant.path !== path || NEEDS.indexOf(grant.may) < NEEDS.indexOf(need))) {
      throw new DomainError(
        'forbidden',
        'forbidden',
        `The token of this run may not ${need} this state in this phase.`,
      );
    }
    const author = { label: actor.label, runId: grant?.runId ?? null, namespaceId: owner.namespaceId };
    return { key: { deploymentId: owner.deploymentId, path }, author };
  }
}
