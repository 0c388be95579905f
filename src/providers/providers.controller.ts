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
import { CreateProviderRequest } from './dto/create-provider.request';
import { ProviderReadmeResponse, ProviderResponse } from './dto/provider.response';
import { ProvidersQuery, ProviderVersionQuery } from './dto/providers.query';
import { UpdateProviderRequest } from './dto/update-provider.request';
import { ProviderReader } from './provider-reader.service';
import { ProviderReadme } from './provider-readme.service';
import { ProviderSync } from './provider-sync.service';
import { ProvidersService } from './providers.service';

@ApiTags('Providers')
@Controller('api/providers')
export class ProvidersController {
  constructor(
    private readonly providers: ProvidersService,
    private readonly reader: ProviderReader,
    private readonly readmes: ProviderReadme,
    private readonly kind: ProviderSync,
    private readonly sync: TagSync,
  ) {}

  /** The providers the key reaches, newest first. */
  @Get()
  @Access('read', ANY_KEY)
  @ApiPage(ProviderResponse)
  @ApiProblems(404)
  async list(
    @CurrentActor() actor: Actor,
    @Query() query: ProvidersQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ProviderResponse[]> {
    return sendPage(request, response, await this.reader.list(actor, query));
  }

  /** One provider, and what to paste to use it. */
  @Get(':id')
  @Access('read', ofParam('provider'))
  @ApiProblems(404)
  get(@Param('id') id: string): Promise<ProviderResponse> {
    return this.reader.get(id);
  }

  /** Makes a provider. With a `git_url` the tags of the repository become drafts, which can be built. */
  @Post()
  @Access('write', ofBody('namespace', 'namespace_id'))
  @ApiProblems(404, 409)
  create(@CurrentActor() actor: Actor, @Body() body: CreateProviderRequest): Promise<ProviderResponse> {
    return this.providers.create(actor, body);
  }

  /** Changes what is given; `null` clears. Published versions stay as they are. */
  @Patch(':id')
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409)
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: UpdateProviderRequest,
  ): Promise<ProviderResponse> {
    return this.providers.update(actor, id, body);
  }

  /** The same as `PATCH`: what is absent stays. */
  @Put(':id')
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409)
  replace(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: UpdateProviderRequest,
  ): Promise<ProviderResponse> {
    return this.providers.update(actor, id, body);
  }

  /** Deletes a provider with all its versions. Whoever uses it cannot install it any more. */
  @Delete(':id')
  @HttpCode(204)
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 409)
  delete(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    return this.providers.delete(actor, id);
  }

  /** Looks at the tags of the repository now; new ones become drafts, and with `build_on_tag` are built and published. */
  @Post(':id/sync-tags')
  @HttpCode(200)
  @Access('write', ofParam('provider'))
  @ApiProblems(404, 422, 503)
  async syncTags(@Param('id') id: string): Promise<SyncResultResponse> {
    return toSyncResultResponse(await this.sync.sync(this.kind, id));
  }

  /** The tags of the repository that stand for a version, as they are now. */
  @Get(':id/git-tags')
  @Access('read', ofParam('provider'))
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

  /** The README of the repository at the commit of a version. */
  @Get(':id/readme')
  @Access('read', ofParam('provider'))
  @ApiProblems(404, 422, 503)
  readme(@Param('id') id: string, @Query() query: ProviderVersionQuery): Promise<ProviderReadmeResponse> {
    return this.readmes.read(id, query.version);
  }

  /** The address to register at the Git server for push events. It holds a secret. */
  @Get(':id/webhook')
  @Access('write', ofParam('provider'))
  @ApiProblems(404)
  async webhook(@Param('id') id: string): Promise<WebhookResponse> {
    return { url: await this.providers.webhookUrl(id) };
  }

  /** Makes a webhook address; an earlier one stops working. */
  @Post(':id/webhook')
  @Access('write', ofParam('provider'))
  @ApiProblems(404)
  async renewWebhook(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<WebhookResponse> {
    return { url: await this.providers.renewWebhook(actor, id) };
  }
}
