import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Access, ANY_KEY, CurrentActor, ofBody, ofParam } from '../common/access/access.decorator';
import type { Actor } from '../common/access/actor';
import { ApiPage, ListQuery, sendPage } from '../common/http/pagination';
import { ApiProblems } from '../common/http/problem.decorator';
import {
  cutTags,
  GitTagResponse,
  SyncResultResponse,
  TagSync,
  toGitTagResponse,
  toSyncResultResponse,
  WebhookResponse,
} from '../sources';
import { CreateModuleRequest } from './dto/create-module.request';
import { ModuleDocsResponse, ReadmeResponse } from './dto/module-version.response';
import { ModuleResponse } from './dto/module.response';
import { ModulesQuery, VersionQuery } from './dto/modules.query';
import { UpdateModuleRequest } from './dto/update-module.request';
import { ModuleReader } from './module-reader.service';
import { ModuleSync } from './module-sync.service';
import { ModulesService } from './modules.service';

@ApiTags('Modules')
@Controller('api/modules')
export class ModulesController {
  constructor(
    private readonly modules: ModulesService,
    private readonly reader: ModuleReader,
    private readonly kind: ModuleSync,
    private readonly sync: TagSync,
  ) {}

  /** The modules the key reaches, newest first. */
  @Get()
  @Access('read', ANY_KEY)
  @ApiPage(ModuleResponse)
  @ApiProblems(404)
  async list(
    @CurrentActor() actor: Actor,
    @Query() query: ModulesQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ModuleResponse[]> {
    return sendPage(request, response, await this.reader.list(actor, query));
  }

  /** One module, and what to paste to use it. */
  @Get(':id')
  @Access('read', ofParam('module'))
  @ApiProblems(404)
  get(@Param('id') id: string): Promise<ModuleResponse> {
    return this.reader.get(id);
  }

  /** Makes a module. With a `git_url` the tags of the repository become versions, now and whenever there are new ones. */
  @Post()
  @Access('write', ofBody('namespace', 'namespace_id'))
  @ApiProblems(404, 409)
  create(@CurrentActor() actor: Actor, @Body() body: CreateModuleRequest): Promise<ModuleResponse> {
    return this.modules.create(actor, body);
  }

  /** Changes what is given; `null` clears. Published versions stay as they are. */
  @Patch(':id')
  @Access('write', ofParam('module'))
  @ApiProblems(404, 409)
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: UpdateModuleRequest,
  ): Promise<ModuleResponse> {
    return this.modules.update(actor, id, body);
  }

  /** The same as `PATCH`: what is absent stays. */
  @Put(':id')
  @Access('write', ofParam('module'))
  @ApiProblems(404, 409)
  replace(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: UpdateModuleRequest,
  ): Promise<ModuleResponse> {
    return this.modules.update(actor, id, body);
  }

  /** Deletes a module with all its versions. Whoever uses it cannot install it any more. */
  @Delete(':id')
  @HttpCode(204)
  @Access('write', ofParam('module'))
  @ApiProblems(404)
  delete(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    return this.modules.delete(actor, id);
  }

  /** Looks at the tags of the repository now, and publishes the new ones. Tags that failed before are tried again. */
  @Post(':id/sync-tags')
  @HttpCode(200)
  @Access('write', ofParam('module'))
  @ApiProblems(404, 422, 503)
  async syncTags(@Param('id') id: string): Promise<SyncResultResponse> {
    return toSyncResultResponse(await this.sync.sync(this.kind, id));
  }

  /** The tags of the repository that stand for a version, as they are now. */
  @Get(':id/git-tags')
  @Access('read', ofParam('module'))
  @ApiPage(GitTagResponse)
  @ApiProblems(404, 422, 503)
  async gitTags(
    @Param('id') id: string,
    @Query() query: ListQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<GitTagResponse[]> {
    const page = cutTags(await this.sync.lookAtTags(this.kind, id), query);
    return sendPage(request, response, page).map(toGitTagResponse);
  }

  /** The README of a version. */
  @Get(':id/readme')
  @Access('read', ofParam('module'))
  @ApiProblems(404)
  readme(@Param('id') id: string, @Query() query: VersionQuery): Promise<ReadmeResponse> {
    return this.reader.readme(id, query.version);
  }

  /** Inputs, outputs, providers, resources and submodules of a version, read from its files. */
  @Get(':id/docs')
  @Access('read', ofParam('module'))
  @ApiProblems(404)
  docs(@Param('id') id: string, @Query() query: VersionQuery): Promise<ModuleDocsResponse> {
    return this.reader.docs(id, query.version);
  }

  /** The address to register at the Git server for push events. It holds a secret. */
  @Get(':id/webhook')
  @Access('write', ofParam('module'))
  @ApiProblems(404)
  async webhook(@Param('id') id: string): Promise<WebhookResponse> {
    return { url: await this.modules.webhookUrl(id) };
  }

  /** Makes a webhook address; an earlier one stops working. */
  @Post(':id/webhook')
  @Access('write', ofParam('module'))
  @ApiProblems(404)
  async renewWebhook(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<WebhookResponse> {
    return { url: await this.modules.renewWebhook(actor, id) };
  }
}
