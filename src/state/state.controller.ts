import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { DomainError } from '../common/errors';
import { ApiProblems } from '../common/http/problem.decorator';
import { StateQuery, StateVersionQuery } from './dto/state.query';
import {
  StateLockResponse,
  StateOutputResponse,
  StateVersionResponse,
  toStateVersionResponse,
} from './dto/state.response';
import { LargeStates } from './large-states';
import { sendState } from './send-state';
import { StateDesk } from './state-desk.service';

@ApiTags('State')
@Controller('api/deployments/:id/state')
export class StateController {
  constructor(
    private readonly desk: StateDesk,
    private readonly bodies: LargeStates,
  ) {}

  /** The versions of a state, newest first. */
  @Get('versions')
  @Access('read', ofParam('deployment'))
  @ApiProblems(404)
  versions(@Param('id') id: string, @Query() query: StateQuery): Promise<StateVersionResponse[]> {
    return this.desk.listVersions(id, query.path);
  }

  /** One version; with `?download=true` the raw state, which holds secrets in clear. */
  @Get('versions/:version_id')
  @Access('write', ofParam('deployment'))
  @ApiExtraModels(StateVersionResponse)
  @ApiOkResponse({ schema: { $ref: getSchemaPath(StateVersionResponse) } })
  @ApiProblems(404)
  async version(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Query() query: StateVersionQuery,
    @Res() response: Response,
  ): Promise<void> {
    const version = await this.desk.getVersion(id, query.path, versionId);
    if (query.download !== 'true') {
      response.json(toStateVersionResponse(version));
      return;
    }
    const state = await this.desk.download(actor, id, version);
    response.set('Content-Disposition', `attachment; filename="terraform-${version.serial}.tfstate"`);
    await sendState(response, state);
  }

  /** Takes a state from elsewhere as the next version, such as the one of a local file. */
  @Post('versions')
  @Access('write', ofParam('deployment'))
  @ApiBody({ description: 'The raw state', schema: { type: 'object' } })
  @ApiProblems(404, 409)
  async upload(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Query() query: StateQuery,
    @Req() request: Request,
  ): Promise<StateVersionResponse> {
    if (!request.is('application/json')) {
      throw new DomainError('unsupported-media-type', 'unsupported-media-type', 'Send the state as application/json.');
    }
    return this.bodies.take(request, (bytes) => this.desk.upload(actor, id, query.path, bytes));
  }

  /** Writes an older version anew, with a serial above that of the present one. */
  @Post('versions/:version_id/rollback')
  @Access('write', ofParam('deployment'))
  @ApiProblems(404, 409)
  rollback(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Param('version_id') versionId: string,
    @Query() query: StateQuery,
  ): Promise<StateVersionResponse> {
    return this.desk.rollBack(actor, id, query.path, versionId);
  }

  /** The outputs of the newest version; the values of sensitive ones are null. */
  @Get('outputs')
  @Access('read', ofParam('deployment'))
  @ApiExtraModels(StateOutputResponse)
  @ApiOkResponse({
    schema: { type: 'object', additionalProperties: { $ref: getSchemaPath(StateOutputResponse) } },
  })
  @ApiProblems(404)
  async outputs(@Param('id') id: string, @Query() query: StateQuery, @Res() response: Response): Promise<void> {
    response.type('application/json').send(Buffer.from(await this.desk.outputs(id, query.path)));
  }

  /** Who works on the state; null while nobody does. */
  @Get('lock')
  @Access('read', ofParam('deployment'))
  @ApiExtraModels(StateLockResponse)
  @ApiResponse({ status: 200, schema: { allOf: [{ $ref: getSchemaPath(StateLockResponse) }], nullable: true } })
  @ApiProblems(404)
  async lock(@Param('id') id: string, @Query() query: StateQuery, @Res() response: Response): Promise<void> {
    response.json(await this.desk.findLock(id, query.path));
  }

  /** Breaks the lock. Make sure that nobody works on the state any more. */
  @Delete('lock')
  @HttpCode(204)
  @Access('admin', ofParam('deployment'))
  @ApiProblems(404)
  breakLock(@CurrentActor() actor: Actor, @Param('id') id: string, @Query() query: StateQuery): Promise<void> {
    return this.desk.breakLock(actor, id, query.path);
  }
}
