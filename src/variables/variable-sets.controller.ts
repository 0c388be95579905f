import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, CurrentActor, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, ListQuery, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import { CreateVariableSetRequest, UpdateVariableSetRequest } from './dto/variable-set.request';
import { VariableSetResponse } from './dto/variable-set.response';
import { VariableSets } from './variable-sets.service';

@ApiTags('Variables')
@Controller('api/namespaces/:id/variable-sets')
export class VariableSetsController {
  constructor(private readonly sets: VariableSets) {}

  /** The variable sets of a namespace, newest first. */
  @Get()
  @Access('read', ofParam('namespace'))
  @ApiPage(VariableSetResponse)
  @ApiProblems(404)
  async list(
    @Param('id') namespace: string,
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<VariableSetResponse[]> {
    return sendPage(request, response, await this.sets.list(namespace, query));
  }

  /** Makes a set: all deployments of the namespace get its variables. */
  @Post()
  @Access('admin', ofParam('namespace'))
  @ApiProblems(404, 409)
  create(
    @CurrentActor() actor: Actor,
    @Param('id') namespace: string,
    @Body() body: CreateVariableSetRequest,
  ): Promise<VariableSetResponse> {
    return this.sets.create(actor, namespace, body);
  }

  /** One set. Values of sensitive variables are never given back. */
  @Get(':set_id')
  @Access('read', ofParam('namespace'))
  @ApiProblems(404)
  get(@Param('id') namespace: string, @Param('set_id') setId: string): Promise<VariableSetResponse> {
    return this.sets.get(namespace, setId);
  }

  /** Changes what is given; `variables` is the whole list, where `value: null` keeps a stored sensitive value. */
  @Patch(':set_id')
  @Access('admin', ofParam('namespace'))
  @ApiProblems(404, 409)
  update(
    @CurrentActor() actor: Actor,
    @Param('id') namespace: string,
    @Param('set_id') setId: string,
    @Body() body: UpdateVariableSetRequest,
  ): Promise<VariableSetResponse> {
    return this.sets.update(actor, namespace, setId, body);
  }

  /** Deletes a set; the next command of a run that starts does without its variables. */
  @Delete(':set_id')
  @HttpCode(204)
  @Access('admin', ofParam('namespace'))
  @ApiProblems(404)
  delete(@CurrentActor() actor: Actor, @Param('id') namespace: string, @Param('set_id') setId: string): Promise<void> {
    return this.sets.delete(actor, namespace, setId);
  }
}
